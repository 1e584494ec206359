"""Sites held out together: every figure on real scenes is of sites not trained on."""

from collections.abc import Mapping


def fold_of_sites(boats: Mapping[str, int], folds: int) -> dict[str, int]:
    """Fold of every site "collection/place", given how many boats are labelled there.

    Dealt within each collection, the richest site first, to the fold with the fewest boats so
    far, then the fewest sites: a fold that held most boats would leave little to learn from.
    Sites without boats go where the fewest sites are.
    """
    load = dict.fromkeys(((site.split("/")[0], f) for site in boats for f in range(folds)), (0, 0))
    fold_of = {}
    for site in sorted(boats, key=lambda name: (-boats[name], name)):
        collection = site.split("/")[0]
        fold = min(range(folds), key=lambda f: load[collection, f][not boats[site] :])
        held, sites = load[collection, fold]
        load[collection, fold] = (held + boats[site], sites + 1)
        fold_of[site] = fold
    return fold_of
