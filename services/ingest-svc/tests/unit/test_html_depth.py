"""What may nest too deep for a tree is found before one is built, however it is disguised."""

import pytest

from ingest_svc.adapters.parsing.html import sanitised
from ingest_svc.adapters.parsing.html_depth import may_be_deeper

MANY = 1000
# Each opens an element that stays open (HTML, §13.2.6), and has something that looks like its end to a naive reader.
DISGUISED = {
    "nothing closes it": "<div>",
    "it closes itself, which only empty elements do": "<div/>",
    "an end tag in a value": '<div title="</div>">',
    "an end tag in a value with blanks before it": "<div title= \n '</div>'>",
    "an end tag in a comment": "<div><!-- </div> -->",
    "an end tag in a comment that ends otherwise": "<div><!-- </div> --!>",
    "an end tag in a declaration": "<div><!x </div>",
    "an end tag in an instruction": "<div><?x </div>",
    "an end tag in what is no end tag": "<div></ </div>",
    "an end tag in a style": "<div><style></div></style>",
    "an end tag in a title": "<div><title></div></title>",
    "an end tag in CDATA": "<div><svg><![CDATA[></div>]]></svg>",
    "an end tag in a table's cell": "<div><table><tr><td></div></td></tr></table>",
    "an end tag in a list of choices": "<div><select></div></select>",
    "an end tag in a template": "<div><template></div></template>",
    "an end tag in an object": "<div><object></div></object>",
    "an end tag in a caption": "<div><table><caption></div></caption></table>",
    "an end tag where scripts are off": "<div><noscript></div></noscript>",
    "elements between": "<button><p>",
    "lists in lists": "<ul><li>",
    "each its own font": "<font color=1>",
    "elements in SVG's style": "<svg><style><g><g><g><g></style>",
}
HONEST = {
    "a letter's tables": "<table><tbody><tr><td>" * 50 + "x" + "</td></tr></tbody></table>" * 50,
    "a long list": "<ul>" + "<li>one<p>two" * MANY + "</ul>",
    "paragraphs that nobody closes": "<p>x" * MANY,
    "breaks and pictures": "<br><img src=cid:a><hr/>" * MANY,
    "ends in another order": "<b><span>x</b></span>" * MANY,
    "comments": "<!--[if mso]><table><![endif]-->x" * MANY,
    "a comment that is empty": "<!--><p>x<!--->" * MANY,
    "signs of less": "1 < 2 <3 <" * MANY,
    "a picture in a value": f'<img src="data:image/png;base64,{"A" * 200_000}">',
    "styles": "<style>p > a { color: red }</style><p>x</p>" * MANY,
}


@pytest.mark.parametrize("what", DISGUISED)
def test_what_nests_deep_never_reaches_a_tree(what: str) -> None:
    source = DISGUISED[what] * MANY
    assert may_be_deeper(source, 200)
    assert not may_be_deeper(DISGUISED[what] * 20, 200)
    safe, _ = sanitised(source + "the text")
    assert "the text" in safe
    assert "<" not in safe


@pytest.mark.parametrize("what", HONEST)
def test_what_only_is_long_keeps_its_form(what: str) -> None:
    assert not may_be_deeper(HONEST[what], 200)


def test_a_tag_of_very_many_attributes_never_reaches_a_tree() -> None:
    assert may_be_deeper("<div " + " ".join(f"a{n}=1" for n in range(2000)) + ">", 200)
    assert may_be_deeper("<a " + "'\"" * 5000, 200)
