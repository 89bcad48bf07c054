"""The statements for every known layout, word by word: tests/logs/athena_sql/ holds them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from fakes.athena_questions import CASES, SINCE, Place, asked, planned, target

from smartcloudops.core.errors import UsageError
from smartcloudops.logs import layouts
from smartcloudops.logs.athena import planning
from smartcloudops.logs.athena.places import names_there
from smartcloudops.logs.athena.projecting import projected
from smartcloudops.logs.athena.selecting import Statement
from smartcloudops.logs.athena.tables import TABLES
from smartcloudops.logs.layouts.shape import Begin
from smartcloudops.logs.sieve import Question

GOLDEN = Path(__file__).with_name("athena_sql")


def as_printed(statement: Statement) -> str:
    values = "".join(f"-- {value}\n" for value in statement.values)
    return f"{statement.sql};\n{values}"


@pytest.mark.parametrize("layout", CASES)
def test_statements_are_those_of_the_golden_file(layout):
    prefix, where = CASES[layout]
    place = Place(f"s3://my-logs/{prefix}".rstrip("/"), layout)
    pattern = planned(place, asked(r"time\w* ?out"), limit=20)
    filtered = planned(place, asked("it's", where=where, ignore_case=True, invert=True))
    text = f"{target(place).create};\n\n{as_printed(pattern)}\n{as_printed(filtered)}"
    golden = GOLDEN / f"{layout}.sql"
    if not golden.exists():
        golden.write_text(text)
        pytest.fail(f"{golden.name} was not there; it is written, read it")
    assert text == golden.read_text()


def test_every_table_has_a_golden_file():
    assert {path.stem for path in GOLDEN.glob("*.sql")} == set(TABLES) == set(CASES)


@pytest.mark.parametrize("layout", CASES)
def test_as_many_values_as_question_marks(layout):
    prefix, where = CASES[layout]
    place = Place(f"s3://my-logs/{prefix}".rstrip("/"), layout)
    for question in (asked(), asked("a.*b", where=where), asked(None, where=f"not ({where})")):
        statement = planned(place, question)
        assert statement.sql.count("?") == len(statement.values)


@pytest.mark.parametrize("layout", CASES)
def test_every_location_template_names_every_partition_and_no_other(layout):
    for shape in layouts.KNOWN[layout]:
        place = projected(Begin(shape), "s3://my-logs/x")
        keys = {*place.names, *(["part_time"] if place.date else [])}
        assert set(re.findall(r"\$\{(\w+)\}", place.template)) == keys


def test_a_source_inside_of_the_layout_begins_there():
    place = Place("s3://my-logs/x/AWSLogs/123456789012/elasticloadbalancing/eu-west-1", "alb")
    found = target(place)
    assert found.place.template == f"{place.uri}/${{part_time}}/" and found.place.names == {}


def test_folders_are_written_as_the_layout_has_them():
    place = Place("s3://my-logs", "app-{host}/year={yyyy}/month={mm}/day={dd}/")
    found = target(place)
    assert found.place.template == "s3://my-logs/app-${part_host}/year=${part_time}/"
    assert r"""'yyyy/\'month=\'MM/\'day=\'dd'""" in found.create
    assert found.place.written(SINCE) == "2026/month=11/day=20"


def test_folders_finer_than_an_hour_are_left_to_the_listing():
    found = target(Place("s3://my-logs", "waf"))
    assert found.place.unit == "HOURS" and found.place.template.endswith("${part_acl}/${part_time}/")


def test_flat_keys_have_no_partitions_but_paths():
    found = target(Place("s3://my-logs", "{yyyy}-{mm}-{dd}-{hh}-"))
    assert "PARTITIONED" not in found.create and "projection" not in found.create
    statement = planned(Place("s3://my-logs", "{yyyy}-{mm}-{dd}-{hh}-"), asked())
    assert '"$path" >= ? AND "$path" <= ?' in statement.sql
    assert statement.values[:2] == ("'s3://my-logs/2026-11-20-09-'", "'s3://my-logs/2026-11-21-03-~'")


def test_partitions_reach_as_far_as_records_may_be_from_their_folders():
    day = planned(Place("s3://my-logs", "{yyyy}/{mm}/{dd}/"), asked())
    assert day.values[:2] == ("'2026/11/20'", "'2026/11/21'")
    # CloudFront delivers up to a day late.
    late = planned(Place("s3://my-logs/AWSLogs/123456789012/CloudFront/EABCDEF12345", "cloudfront"), asked())
    assert late.values[:2] == ("'2026/11/19/08'", "'2026/11/22/04'")


def test_what_has_no_time_of_its_own_goes_by_its_folder():
    statement = planned(Place("s3://my-logs", "{yyyy}/{mm}/{dd}/{hh}/"), asked(None))
    assert statement.sql.count('"part_time" >= ? AND "part_time" <= ?') == 2
    assert statement.values[-2:] == ("'2026/11/20/10'", "'2026/11/21/02'")


def test_names_are_those_of_the_folders_or_the_one_that_is_said():
    tree = ("logs/web-1/dt=2026-11-20/hour=10/a.gz", "logs/web-2/dt=2026-11-20/hour=10/a.gz", "other/x/")
    place = Place("s3://my-logs", "sco", tree)
    found = target(place)
    assert names_there(place, found.begin, found.place, {}) == {"host": ("web-1", "web-2")}
    before = place.listings
    assert names_there(place, found.begin, found.place, {"host": "web-9"}) == {"host": ("web-9",)}
    assert place.listings == before, "what is said is not asked for"
    statement = planned(place, asked(), names={"host": ("web-1", "web-2")})
    assert '"part_host" IN (?, ?)' in statement.sql and statement.values[:2] == ("'web-1'", "'web-2'")


def test_names_of_several_levels_are_all_found():
    tree = (
        "AWSLogs/123456789012/elasticloadbalancing/eu-west-1/2026/11/20/x.gz",
        "AWSLogs/210987654321/elasticloadbalancing/us-east-1/2026/11/20/x.gz",
        "AWSLogs/123456789012/CloudTrail/eu-north-1/2026/11/20/y.gz",
        "AWSLogs/not-an-account/elasticloadbalancing/",
    )
    place = Place("s3://my-logs", "alb", tree)
    found = target(place)
    there = names_there(place, found.begin, found.place, {})
    assert there == {"account": ("123456789012", "210987654321"), "region": ("eu-west-1", "us-east-1")}
    only = names_there(place, found.begin, found.place, {"account": "210987654321"})
    assert only == {"account": ("210987654321",), "region": ("us-east-1",)}


def test_no_folders_or_too_many_are_said():
    with pytest.raises(UsageError, match="no host is there"):
        names_there(Place("s3://my-logs", "sco"), target(Place("s3://b-b", "sco")).begin,
                    target(Place("s3://b-b", "sco")).place, {})  # fmt: skip
    many = Place("s3://my-logs", "sco", tuple(f"logs/h{i}/dt=2026-11-20/" for i in range(1001)))
    found = target(many)
    with pytest.raises(UsageError, match="1,000 of host"):
        names_there(many, found.begin, found.place, {})


def test_field_of_a_folder_prunes_and_field_of_a_column_filters():
    place = Place("s3://my-logs", "alb")
    statement = planned(place, asked(None, fields=("region=eu-west-1", "elb_status_code=502")))
    assert statement.values[:2] == ("'<every account that is there>'", "'eu-west-1'")
    assert 'coalesce(CAST("elb_status_code" AS varchar) = ?, false)' in statement.sql


def test_field_against_the_address_is_refused():
    place = Place("s3://my-logs/AWSLogs/123456789012/elasticloadbalancing/eu-west-1", "alb")
    assert "eu-west-1" not in str(planned(place, asked(None, fields=("region=eu-west-1",))).values)
    with pytest.raises(UsageError, match="holds region eu-west-1 only"):
        planned(place, asked(None, fields=("region=us-east-1",)))


@pytest.mark.parametrize(
    ("layout", "where", "nearest"),
    [
        ("alb", "elb_status_cod = 500", "elb_status_code"),
        ("cloudtrail", "userIdentity.arm = 'x'", "useridentity.arn"),
        ("vpcflow", "sourceaddr = 'x'", "srcaddr"),
    ],
)
def test_a_field_that_is_no_column_names_the_nearest(layout, where, nearest):
    with pytest.raises(UsageError) as e:
        planned(Place("s3://my-logs", layout), asked(None, where=where))
    assert nearest in (e.value.hint or "")


@pytest.mark.parametrize(
    ("question", "why"),
    [
        (asked(r"a\C"), "single byte"),
        (asked("(?U)a+"), "ungreedy"),
        (asked("[[:alpha:]]+"), "class"),
        (asked("(a"), "missing"),
        (asked("x" * 1100), "1,024"),
        (Question("a"), "everything"),
        (asked(None, where='`a"b` = 1'), "path"),
    ],
)
def test_what_athena_cannot_do_is_refused_before(question, why):
    with pytest.raises(UsageError, match=re.escape(why)):
        planned(Place("s3://my-logs", "sco"), question)


@pytest.mark.parametrize(
    ("uri", "layout", "why"),
    [("/var/log", "sco", "S3 only"), ("s3://my-logs/it's", "sco", "quote"), ("s3://my-logs", "auto", "layout")],
)
def test_sources_that_are_no_table_are_refused(uri, layout, why):
    with pytest.raises(UsageError, match=why):
        target(Place(uri, layout))


@pytest.mark.parametrize("name", ["web", "a.b.c", "Ops.web", 'ops.we"b', "ops.", "ops.a; DROP"])
def test_names_of_tables_are_checked(name):
    with pytest.raises(UsageError, match="no name"):
        planning.target(Place("s3://b-b", "sco"), None, name, offline=True, question=Question())


def test_a_table_has_another_name_where_it_is_another_table():
    names = {target(Place(f"s3://my-logs/{at}", "sco")).name for at in ("a", "b")}
    assert len(names) == 2 and all(re.fullmatch(r"sco_web_sco_[0-9a-f]{8}", name) for name in names)
