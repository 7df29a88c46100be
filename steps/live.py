"""The application's page as it is live: what it answers, and whether it shows a greeting."""

import html
import re

from workshop.lab import Lab, NoAnswer
from workshop.step import NotYet

from . import look

HEADING = re.compile(r"<h1[^>]*>(.*?)</h1>", re.DOTALL)


def shows(lab: Lab, greeting: str) -> str:
    """The evidence that the live page shows this greeting. NotYet where it does not."""
    url = look.url(lab)
    try:
        reply = lab.fetch(url)
    except NoAnswer as silence:
        raise NotYet(
            str(silence),
            hint=(
                "Look again in a moment; a new name takes a while.",
                f"What does your own terminal get? `curl -i {url}`",
            ),
        ) from None
    if reply.status != 200:
        raise NotYet(
            f"{url} answered {reply.status}: {reply.text[:200].strip()}",
            hint=(
                f"The function's log group /aws/lambda/{lab.name('stack')}-… says what went wrong.",
                "`aws logs describe-log-groups --log-group-name-prefix"
                f" /aws/lambda/{lab.name('stack')}` names it, `aws logs filter-log-events"
                " --log-group-name` with that name shows it.",
                "Mend what it names in the code, commit, and let the run go through.",
            ),
        )
    if greeting not in html.unescape(reply.text):
        raise NotYet(
            f"{url} shows “{_heading(reply.text)}”.",
            hint=(
                f"greeting.txt says “{greeting}”: has the run with that commit gone through?",
                f"If a run is under way, wait for it; if none is: {look.release(lab)}.",
            ),
        )
    return f"{url} → 200, “{greeting}”"


def _heading(text: str) -> str:
    found = HEADING.search(text)
    return html.unescape(found[1].strip()) if found else text[:80].strip()
