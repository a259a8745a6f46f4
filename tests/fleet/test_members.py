"""Which scale set belongs to which wave, and under which name."""

from __future__ import annotations

import pytest

from vmss_upgrade.fleet.configuration import Configuration, Entry, Tag, Wave, entries_of_one_set, waves_asked_for
from vmss_upgrade.fleet.planning.members import members_of, unused_entries
from vmss_upgrade.ports import FoundSet

S, T = "11111111-1111-1111-1111-111111111111", "22222222-2222-2222-2222-222222222222"


def id_of(name: str, group: str = "rg", subscription: str = S) -> str:
    return (
        f"/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Compute"
        f"/virtualMachineScaleSets/{name}"
    )


def found(id_: str, *tags: str) -> FoundSet:
    return FoundSet(id=id_, tags=dict(tag.split("=", 1) for tag in tags))


def wave(name: str, *members: str, tags: str = "") -> Wave:
    return Wave(name=name, members=members, tags=tuple(Tag(*tag.split("=", 1)) for tag in tags.split()))


def configuration(*waves: Wave, entries: str = "a b") -> Configuration:
    named = tuple(Entry(name=name, values={"scale-set": name}) for name in entries.split())
    return Configuration(entries=named, waves=waves)


IDS = {"a": id_of("vmss-a"), "b": id_of("vmss-b")}
WEB = [found(id_of("vmss-c"), "Role=web"), found(id_of("vmss-A"), "role=web"), found(id_of("x"), "role=Web")]

PLACES = [
    pytest.param([wave("1", "a"), wave("2", "b")], [], "1:a 2:b", id="by-name"),
    pytest.param([wave("1", "b", "a")], [], "1:b 1:a", id="in-the-order-of-the-wave"),
    pytest.param([wave("1", "A")], [], "1:a", id="a-name-has-no-case"),
    pytest.param([wave("1", "a", "a")], [], "1:a", id="named-twice"),
    pytest.param([wave("1", "a"), wave("2", "a", "b")], [], "1:a 2:b", id="the-first-wave-has-it"),
    pytest.param([wave("1", tags="role=web")], WEB, "1:a 1:vmss-c", id="by-tag-names-of-which-have-no-case"),
    pytest.param([wave("1", "b", tags="role=web")], WEB, "1:b 1:a 1:vmss-c", id="named-ones-first"),
    pytest.param([wave("1", tags="role=web"), wave("2", "a")], WEB, "1:a 1:vmss-c", id="found-before-it-is-named"),
    pytest.param([wave("1", "a"), wave("2", tags="role=web")], WEB, "1:a 2:vmss-c", id="named-before-it-is-found"),
    pytest.param([wave("1", tags="role=Web x=y")], WEB, "1:x", id="values-have-case"),
    pytest.param([wave("1", tags="role=none")], WEB, "", id="nobody-bears-it"),
    pytest.param([wave("1", "a")], WEB, "1:a", id="a-wave-without-tags-finds-nothing"),
    pytest.param([], WEB, "", id="no-waves"),
]


@pytest.mark.parametrize(("waves", "index", "expected"), PLACES)
def test_every_scale_set_is_in_the_first_wave_that_has_it(
    waves: list[Wave], index: list[FoundSet], expected: str
) -> None:
    members = members_of(configuration(*waves), IDS, index)
    assert " ".join(f"{member.wave}:{member.name}" for member in members) == expected


def test_a_scale_set_is_asked_for_by_its_id_or_the_name_of_its_entry() -> None:
    members = members_of(configuration(wave("1", "a", "b", tags="role=web")), {"a": IDS["a"], "b": ""}, WEB)
    assert [(member.name, member.reference) for member in members] == [
        ("a", IDS["a"]),
        ("b", "b"),
        ("vmss-c", id_of("vmss-c")),
    ]


def test_an_entry_without_an_id_stays_in_the_fleet() -> None:
    members = members_of(configuration(wave("1", "a", "b"), wave("2", "a")), {"a": "", "b": ""}, [])
    assert [(member.name, member.scale_set_id, member.wave) for member in members] == [("a", "", "1"), ("b", "", "1")]


NAMES = [
    pytest.param([id_of("web"), id_of("api")], "api web", id="their-own"),
    pytest.param([id_of("web", "one"), id_of("web", "two")], "one.web two.web", id="one-name-in-two-groups"),
    pytest.param([id_of("web", "one"), id_of("WEB", "two")], "one.web two.WEB", id="a-name-has-no-case"),
    pytest.param([id_of("a", "one")], "one.a", id="the-name-of-an-entry"),
    pytest.param([id_of("web", "ö (1)"), id_of("web", "x")], "x.web 1-.web", id="a-group-of-other-characters"),
    pytest.param(
        [id_of("web", "one"), id_of("web", "one", T)], "11111111.one.web 22222222.one.web", id="in-two-subscriptions"
    ),
    pytest.param([id_of("web", "ö"), id_of("web", "ü")], "web-2 web-3", id="no-form-tells-them-apart"),
]


@pytest.mark.parametrize(("ids", "expected"), NAMES)
def test_every_scale_set_has_a_name_of_its_own(ids: list[str], expected: str) -> None:
    index = [found(id_, "role=web") for id_ in ids]
    members = members_of(configuration(wave("1", tags="role=web")), IDS, index)
    assert " ".join(member.name for member in members) == expected


@pytest.mark.parametrize("group", [".infra", "(old)", "g" * 11 + "." + "g" * 78])
def test_no_name_makes_a_hidden_file(group: str) -> None:
    """GitHub uploads no hidden file, so that the record would be missing."""
    ids = [id_of("w" * 20, group), id_of("w" * 20, "other")]
    members = members_of(configuration(wave("1", tags="role=web")), {}, [found(id_, "role=web") for id_ in ids])
    assert all(member.name[0].isalnum() for member in members)
    assert len({member.name for member in members}) == len(ids)


def test_two_entries_of_one_scale_set_are_noticed() -> None:
    ids = {"a": id_of("web"), "b": id_of("WEB"), "c": id_of("x"), "d": "", "e": ""}
    assert entries_of_one_set(ids) == [("a", "b")]


def test_an_entry_in_no_wave_is_noticed() -> None:
    held = configuration(wave("1", "a"), entries="a b c")
    assert unused_entries(held, members_of(held, IDS, [])) == ("b", "c")


WAVES = [wave(name) for name in ("canary", "2", "rest")]


@pytest.mark.parametrize(
    ("asked", "chosen", "unknown"),
    [
        ("", "canary 2 rest", ""),
        ("canary", "canary", ""),
        ("CANARY", "canary", ""),
        ("rest canary", "canary rest", ""),
        ("1 3", "canary rest", ""),
        ("2", "2", ""),
        ("canary canary 1", "canary", ""),
        ("0 4 nowhere", "", "0 4 nowhere"),
        ("-1 1.0 ٣", "", "-1 1.0 ٣"),
    ],
)
def test_waves_are_asked_for_by_name_or_number(asked: str, chosen: str, unknown: str) -> None:
    waves, unclear = waves_asked_for(WAVES, asked.split())
    assert (" ".join(each.name for each in waves), " ".join(unclear)) == (chosen, unknown)
