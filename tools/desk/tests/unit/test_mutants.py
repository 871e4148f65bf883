"""The runner of mutants, on a service of two functions."""

import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from desk.cli.checks import split_parts
from desk.cli.mutants import print_report, run_mutants
from desk.errors import DeskError
from desk.mutants import Laboratory, Mutant, Outcome, Report, Stale, mutated, read_mutants, services_of
from desk.paths import ROOT

DECIDE = """def late(now, due):
    return now > due


def loud(word):
    return word.upper()
"""
TEST = """from toy.decide import late


def test_after_the_deadline_is_late():
    assert late(2, 1)
    assert not late(1, 2)
"""
SWAPPED = ("What is early is late", "now > due", "now < due")
EXACT = ("The exact moment is late", "now > due", "now >= due")
OLD = ("A slip in code that is gone", "now > deadline", "now < deadline")
Toy = Callable[..., Path]


@pytest.fixture
def toy(tmp_path: Path) -> Toy:
    """A checkout with one service, whose mutants are given as name, before and after."""

    def make(*mutants: tuple[str, str, str], test: str = TEST, decide: str = DECIDE) -> Path:
        service = tmp_path / "services" / "toy-svc"
        for name, text in {"src/toy/__init__.py": "", "src/toy/decide.py": decide, "tests/unit/test_decide.py": test}.items():
            (service / name).parent.mkdir(parents=True, exist_ok=True)
            (service / name).write_text(text)
        entries = [
            f"[[mutant]]\nname = '{name}'\nfile = 'toy/decide.py'\nbefore = '''{before}'''\nafter = '''{after}'''\n"
            for name, before, after in mutants
        ]
        (service / "tests" / "mutants.toml").write_text("\n".join(entries))
        return tmp_path

    return make


def verdicts(report: Report) -> dict[str, str]:
    return {o.mutant.name: o.verdict for o in report.outcomes}


def test_a_mutant_that_a_test_notices_is_killed_and_the_test_is_named(toy: Toy, capsys: pytest.CaptureFixture[str]) -> None:
    root = toy(SWAPPED)
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    assert run_mutants(["--json"], root) == 0
    (outcome,) = json.loads(capsys.readouterr().out)["outcomes"]
    assert (outcome["verdict"], outcome["why"]) == (
        "killed",
        "services/toy-svc/tests/unit/test_decide.py::test_after_the_deadline_is_late",
    )
    assert {path: path.read_bytes() for path in root.rglob("*") if path.is_file()} == before, "the checkout is as it was"


def test_a_mutant_that_survives_makes_it_fail(toy: Toy, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_mutants([], toy(SWAPPED, EXACT)) == 1
    shown = capsys.readouterr().out
    assert "survived The exact moment is late" in shown
    assert "1 of 2 killed" in shown


def test_a_stale_mutant_makes_it_fail(toy: Toy, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_mutants([], toy(OLD)) == 1
    shown = " ".join(capsys.readouterr().out.split())
    assert "stale A slip in code that is gone" in shown
    assert "0 of 1 killed (0%, at least 90% is asked for), 1 stale" in shown


def test_ninety_of_a_hundred_are_enough_and_one_that_is_stale_is_too_many() -> None:
    mutant = Mutant("toy-svc", *SWAPPED[:1], "toy/decide.py", *SWAPPED[1:])
    killed, survived, stale = (Outcome(mutant, verdict) for verdict in ("killed", "survived", "stale"))
    assert Report((killed,) * 90 + (survived,) * 10, 1.0).good
    assert not Report((killed,) * 89 + (survived,) * 11, 1.0).good
    assert not Report((killed,) * 99 + (stale,), 1.0).good


def test_what_raises_when_it_is_imported_is_killed_by_that(toy: Toy) -> None:
    root = toy(("It does not start", "def late(now, due):", "1 / 0\n\n\ndef late(now, due):"))
    (outcome,) = Laboratory(root).run(["toy-svc"]).outcomes
    assert (outcome.verdict, outcome.why) == ("killed", "services/toy-svc/tests/unit/test_decide.py")


def test_tests_that_do_not_pass_without_a_mutant_kill_nothing(toy: Toy) -> None:
    with pytest.raises(DeskError, match="do not pass on an unmutated copy"):
        Laboratory(toy(SWAPPED, decide=DECIDE.replace(">", "<"))).run(["toy-svc"])


def test_tests_that_import_something_else_than_the_copy_kill_nothing(toy: Toy) -> None:
    with pytest.raises(DeskError, match="do not import the copy"):
        Laboratory(toy(SWAPPED, test="def test_nothing():\n    pass\n")).run(["toy-svc"])


def test_a_mutant_that_never_ends_is_killed_by_the_time_limit(toy: Toy) -> None:
    root = toy(("It hangs", "    return now > due", "    while True: pass"))
    (outcome,) = Laboratory(root, limit_seconds=4).run(["toy-svc"]).outcomes
    assert (outcome.verdict, outcome.why) == ("killed", "the time limit of 4 s")


def test_a_test_that_cannot_be_run_is_no_verdict(toy: Toy) -> None:
    root = toy(SWAPPED)
    path = root / "services/toy-svc/tests/mutants.toml"
    path.write_text(path.read_text() + "tests = ['integration/test_nowhere.py']\n")
    with pytest.raises(DeskError, match="do not pass on an unmutated copy"):
        Laboratory(root).run(["toy-svc"])


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        ("now > deadline", "now < deadline", "stands 0 times"),
        ("return", "raise", "stands 2 times"),
        ("now > due", "now >> > due", "no Python any more"),
        ("now > due", "(now > due)", "changes nothing"),
    ],
)
def test_a_mutant_has_to_fit_exactly_once_and_to_change_something(before: str, after: str, why: str) -> None:
    with pytest.raises(Stale, match=why):
        mutated(DECIDE, Mutant("toy-svc", "A slip", "toy/decide.py", before, after))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[[mutant]]\nname = 'x'\nfile = 'a.py'\nbefore = 'b'\n",
        "[[mutant]]\nname = 'x'\nfile = 'a.py'\nbefore = ''\nafter = 'c'\n",
        "[[mutant]]\nname = 'x'\nfile = 'a.py'\nbefore = 'b'\nafter = 'c'\nmood = 'd'\n",
        "[[mutant]]\nname = 'x'\nfile = 'a.py'\nbefore = 'b'\nafter = 'c'\n" * 2,
        "no toml",
    ],
)
def test_a_file_that_is_wrong_is_refused(toy: Toy, text: str) -> None:
    root = toy(SWAPPED)
    (root / "services/toy-svc/tests/mutants.toml").write_text(text)
    with pytest.raises(DeskError):
        read_mutants(root, "toy-svc")


def test_a_service_without_mutants_and_an_unknown_one_are_refused(toy: Toy) -> None:
    root = toy(SWAPPED)
    (root / "services/toy-svc/tests/mutants.toml").unlink()
    with pytest.raises(DeskError, match="toy-svc has no mutants"):
        run_mutants(["toy-svc"], root)
    with pytest.raises(DeskError, match="there is no service 'tuy-svc'; there are toy-svc"):
        run_mutants(["tuy-svc"], root)


def test_the_table_fits_80_columns() -> None:
    name = "A very long sentence that says in all detail what goes wrong for a user of the desk, and for whom else"
    outcomes = [
        Outcome(Mutant(f"{service}-svc", name, "a.py", "b", "c"), verdict, "`before` stands 0 times in customer_svc/domain/a.py")
        for service in ("customer", "notify")
        for verdict in ("killed", "survived", "stale")
    ]
    console = Console(width=80, record=True, file=io.StringIO())
    print_report(Report(tuple(outcomes), 1.0), console)
    lines = console.export_text().splitlines()
    assert max(map(len, lines)) <= 80
    assert " ".join(" ".join(lines).split()).count("customer-svc 3 1") == 1


def test_mutants_stand_alone_on_the_command_line() -> None:
    assert split_parts(["mutants", "--", "customer-svc", "--json"]) == (["mutants"], ["customer-svc", "--json"])
    assert split_parts(["mutants", "--json"]) == (["mutants"], ["--json"])
    assert "mutants" not in split_parts(["all"])[0]
    with pytest.raises(DeskError, match="not run with other parts"):
        split_parts(["unit", "mutants"])


def test_every_service_has_mutants_and_each_still_fits_its_code() -> None:
    found = {service: read_mutants(ROOT, service) for service in services_of(ROOT)}
    assert len(found) >= 7
    for service, mutants in found.items():
        for mutant in mutants:
            source = ROOT / "services" / service / "src" / mutant.file
            assert mutated(source.read_text(), mutant), mutant.name
