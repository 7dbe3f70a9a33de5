"""The page: everything is on it, what was not run is said, and nothing is loaded from anywhere."""

import io
import re
from html.parser import HTMLParser

import pandas as pd
import plotly.graph_objects as go
import pytest

from faceinsight.reports.paper import FIGURES
from faceinsight.reports.paper.page import render_page
from faceinsight.reports.paper.results import together
from faceinsight.reports.paper.tables import paper_table
from faceinsight.rivals.tables.scoring import COLUMNS as OTHERS_COLUMNS
from tests.reports.paper.results import result


class Text(HTMLParser):
    """The page's words, without scripts and styles; table rows as lists of cells."""

    def __init__(self):
        super().__init__()
        self.words, self.rows, self.ids, self._skip = [], [], set(), False

    def handle_starttag(self, tag, attrs):
        self._skip = tag in ("script", "style")
        self.ids |= {value for name, value in attrs if name == "id"}
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th") and self.rows:
            self.rows[-1].append("")

    def handle_data(self, data):
        if self._skip:
            return
        self.words.append(data)
        if self.rows and self.rows[-1]:
            self.rows[-1][-1] = (self.rows[-1][-1] + data).strip()


def read(page):
    found = Text()
    found.feed(page)
    return found


@pytest.fixture(scope="module")
def page(whole_run):
    return render_page(**whole_run)


def test_every_figure_and_table_is_on_it(page):
    found = read(page)
    assert {f"chart-{name}" for name in FIGURES} <= found.ids
    assert {f"table-{number}" for number in range(1, 6)} <= found.ids


def test_ours_the_papers_and_what_was_not_run_are_told_apart(page):
    rows = [row for row in read(page).rows if row and row[0].startswith(("NVILA", "FaceInsight"))]
    ours = [row for row in rows if row[0].startswith("FaceInsight")]
    theirs = [row for row in rows if row[0].startswith("NVILA")]
    assert len(ours) == 2 + 3 + 3 + 6 + 2
    assert len(theirs) == 2 + 3 + 3 + 2
    for row in theirs:
        assert row[2::2] == ["not run"] * 4
        assert all(re.fullmatch(r"\d+\.\d\d†?", cell) for cell in row[1::2])
    assert all("not run" not in cell for row in ours for cell in row)


def test_the_three_impossible_rows_are_marked_and_explained(page):
    found = read(page)
    assert sum(cell.endswith("†") for row in found.rows for cell in row) == 3
    text = " ".join(found.words)
    assert "F1 77.64, but with precision 77.16 and recall 77.20 at most 77.18" in text


def test_drawn_faces_are_said_first_of_all(page, whole_run):
    assert "cannot be compared with the paper's" in page
    assert "cannot be compared" not in render_page(**whole_run | {"drawn": False})


def test_a_run_with_other_weights_never_passes_for_the_model(whole_run):
    """Wherever this run's rival is named; the paper's own rows keep the paper's name."""
    tiny = "tiny, random weights"
    name = f"LLaVA-v1.5-7B ({tiny})"
    rivals = [
        result("LLaVA-v1.5-7B", setting, "celeba", "attributes", weights=tiny, accuracy=0.4)
        for setting in ("training-free", "fine-tuned")
    ]
    rivals.append(result("NVILA-8B", "fine-tuned", "celeba", "attributes", accuracy=0.7))
    results = together([whole_run["results"], *rivals])
    # As the pipeline's later nodes read them: an empty text is null.
    stored = io.StringIO()
    results.to_csv(stored, index=False)
    stored.seek(0)
    results = pd.read_csv(stored)
    tables = {number: paper_table(number, results) for number in range(1, 6)}
    found = read(render_page(**whole_run | {"results": results, "tables": tables}))
    text = " ".join(found.words)
    assert (
        "Models in this run: FaceInsight, trained; "
        f"{name}, fine-tuned; {name}, training-free; NVILA-8B, fine-tuned."
    ) in text
    run = [row[0] for row in found.rows if row and " faces" in row[0]]
    assert [head for head in run if head.startswith("LLaVA")] == [
        f"LLaVA-v1.5-7Bthis run: {name}; 100 faces"
    ]
    assert [head for head in run if head.startswith("NVILA")] == ["NVILA-8B100 faces"]


def test_only_marks_that_occur_are_explained(whole_run):
    def explained(*marks):
        answers = go.Figure(whole_run["figures"]["answers"])
        answers.layout.meta = {"marks": list(marks)}
        figures = whole_run["figures"] | {"answers": answers}
        return " ".join(read(render_page(**whole_run | {"figures": figures})).words)

    assert "✓ right, ✕ wrong." in " ".join(explained("✓", "✕").split())
    assert "cannot hold together with" not in explained("✓", "✕")
    assert "⚡ cannot hold together with" in explained("✓", "⚡")


def test_the_title_of_figure_7_stands_once(whole_run, page):
    assert " ".join(read(page).words).count("Figure 7: what is said of faces") == 1
    assert "Figure 7" not in whole_run["figures"]["answers"].layout.title.text


def test_numbers_of_this_run_are_not_bold(page):
    style = re.search(r"td\.run b \{([^}]*)\}", page)[1]
    assert "font-weight: 400" in style
    assert "in blue and never bold" in page


def test_nothing_is_loaded_from_anywhere(page):
    assert "default-src 'none'" in page
    outside = re.sub(r"<script>.*?</script>", "", page, flags=re.S)
    assert not re.search(r'(?:src|href)="(?:https?:)?//', outside)


def test_without_other_systems_it_says_so(page):
    assert "no table of other systems' answers was given" in page


def test_other_systems(whole_run):
    row = dict.fromkeys(OTHERS_COLUMNS) | {
        "system": "<S>",
        "dataset": "fairface",
        "task": "race",
        "labels": "data set",
        "scoring": "merged",
        "classes": 6,
        "n": 1338,
        "train": 1204.0,
        "val": 134.0,
        "test": 0.0,
        "rows": 1340,
        "unmatched": 2,
        "unlabelled": 0,
        "refused": 3,
        "not in vocabulary": 0,
        "unmapped": 0,
        "not_told_apart": "race7_East_Asian or race7_Southeast_Asian",
        "accuracy": 0.6428,
        "accuracy_low": 0.62,
        "accuracy_high": 0.667,
        "f1": 0.6,
        "majority": 0.265,
    }
    page = render_page(**whole_run | {"others": pd.DataFrame([row])})
    cells = next(r for r in read(page).rows if r and r[0] == "<S>")
    assert cells[3:7] == ["merged, 6", "1,338", "1,204 train, 134 val", "64.2862.0 to 66.7"]
    assert "2 of 1,340 rows match no labelled face" in cells[-1]
    assert "not told apart: East Asian or Southeast Asian" in cells[-1]


def test_tables_may_have_been_through_csv(page, whole_run):
    def through(frame):
        return pd.read_csv(io.StringIO(frame.to_csv(index=False)))

    tables = {number: through(table) for number, table in whole_run["tables"].items()}
    again = render_page(**whole_run | {"tables": tables, "gaps": through(whole_run["gaps"])})
    assert read(again).rows == read(page).rows
