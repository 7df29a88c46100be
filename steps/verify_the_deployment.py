"""Verify the deployment: the page answers."""

from workshop.lab import Lab

from . import live, look, run


def check_the_url_is_known(lab: Lab) -> str:
    """Your API has a URL."""
    return look.url(lab)


def check_the_page_answers(lab: Lab) -> str:
    """It answers 200 with the application's page."""
    newest = run.delivered(lab)
    greeting = look.greeting(lab, newest.revision if newest else look.tip(lab))
    return live.shows(lab, greeting)
