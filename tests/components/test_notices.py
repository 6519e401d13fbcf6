"""What a screen says instead of its content."""

from components.notices import notice, sentence
from domain.errors import NotFound


def test_a_message_becomes_a_sentence():
    assert sentence(NotFound("there is no such machine")) == "There is no such machine."
    assert sentence("Done.") == "Done."


def test_a_notice_says_what_and_leads_back():
    html = notice("No <such> machine.", "Look again.", ("Back to the plant", "overview"))
    assert "<h1>No &lt;such&gt; machine</h1>" in html and "Look again." in html
    assert 'href="/overview"' in html and "&#9650;" not in html


def test_what_is_wrong_has_a_mark_beside_its_words():
    assert "&#9650;" in notice("The desk cannot read", "", wrong=True)
