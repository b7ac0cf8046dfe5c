"""``hfer doctor``: what may keep the service from working, and what to do about it."""

import typer
from rich.text import Text

from hfer._doctor import Finding, Verdict
from hfer.cli.delivery import write_json
from hfer.cli.exits import ExitCode
from hfer.cli.options import DEFAULT_URL, ApiKey, AsJson, Url, session
from hfer.cli.tables import stdout_console
from hfer.cli.text import safe

SIGNS = {
    Verdict.OK: ("ok", "green"),
    Verdict.WARNING: ("warning", "yellow"),
    Verdict.FAILED: ("FAILED", "bold red"),
    Verdict.SKIPPED: ("skipped", "dim"),
}


def doctor(
    context: typer.Context, *, api_key: ApiKey, url: Url = DEFAULT_URL, as_json: AsJson = False
) -> None:
    """Check the API, its parts, the key, the model, the clock and uploads by URL.

    Exits with 7 if a check failed. Nothing is left behind: one small upload is tried and erased.
    """
    with session(context, url, api_key) as (_, client):
        findings = client.examine()
    if as_json:
        write_json(findings)
    else:
        for finding in findings:
            stdout_console().print(_lines(finding), soft_wrap=True)
    if any(finding.verdict is Verdict.FAILED for finding in findings):
        raise typer.Exit(ExitCode.UNWELL)


def _lines(finding: Finding) -> Text:
    sign, style = SIGNS[finding.verdict]
    text = Text.assemble((f"{sign:<8}", style), f" {finding.check:<17}{safe(finding.detail)}")
    if finding.advice:
        text.append(f"\n{'':<9}{'':<17}→ {safe(finding.advice)}")
    return text
