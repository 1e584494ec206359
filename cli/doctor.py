"""`pdn-geo doctor`: is this installation sound?"""

import typer

from .options import Json


def doctor(as_json: Json = False) -> None:
    """Check the installation: libraries, weights, machine, and a small run from end to end.

    Exit code 1 where something fails; notes are about what works without it.
    """
    import json
    from dataclasses import asdict

    from pdn_geo.doctor import examine, format_checks

    checks = examine()
    if as_json:
        typer.echo(json.dumps([asdict(check) for check in checks], indent=2))
    else:
        typer.echo(format_checks(checks))
    if any(check.status == "fail" for check in checks):
        raise typer.Exit(1)
