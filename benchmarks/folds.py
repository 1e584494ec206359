"""Sites held out together: every figure on real scenes is of sites not trained on."""

from collections.abc import Iterable


def fold_of_sites(sites: Iterable[str], folds: int) -> dict[str, int]:
    """Fold of every site "collection/place": in turn within each collection, by alphabet."""
    count: dict[str, int] = {}
    fold_of = {}
    for site in sorted(set(sites)):
        collection = site.split("/", maxsplit=1)[0]
        fold_of[site] = count.get(collection, 0) % folds
        count[collection] = count.get(collection, 0) + 1
    return fold_of
