"""The watched folder: whole files only, stored ones gone, refused ones aside with their reason."""

from data.sources.pictures import MOST_BYTES, WatchedFolder
from data.wire.picture_topics import topic_of, unit_of

UNIT = "north/forming/line-2/press-30"


def test_a_topic_names_a_machine() -> None:
    assert unit_of(topic_of(UNIT)) == UNIT
    for wrong in ("taktwise/pictures/a/b", "uns/north/a/b/c", "taktwise/pictures//a/b/c", UNIT):
        assert unit_of(wrong) == ""


def put(folder, name, data=b"x", unit=UNIT):
    place = folder / unit
    place.mkdir(parents=True, exist_ok=True)
    (place / name).write_bytes(data)
    return place / name


def test_a_file_is_taken_when_it_has_stopped_growing(tmp_path) -> None:
    watched = WatchedFolder(tmp_path)
    path = put(tmp_path, "a.jpg")
    put(tmp_path, ".b.jpg")
    put(tmp_path, "c.txt")
    assert list(watched.look()) == []
    path.write_bytes(b"longer")
    assert list(watched.look()) == []
    found = list(watched.look())
    assert [(one.path, one.equipment_id) for one in found] == [(path, UNIT)]
    assert watched.read(found[0]) == b"longer"
    watched.done(found[0])
    assert not path.exists() and list(watched.look()) == []


def test_a_refused_file_lies_aside_with_its_reason(tmp_path) -> None:
    watched = WatchedFolder(tmp_path)
    put(tmp_path, "a.jpg", unit="nowhere")
    list(watched.look())
    (found,) = watched.look()
    assert found.equipment_id == ""
    watched.refuse(found, "no machine")
    assert {path.name for path in (tmp_path / "refused").iterdir()} == {
        "nowhere_a.jpg", "nowhere_a.jpg.txt",
    }  # fmt: skip
    list(watched.look())
    assert list(watched.look()) == []


def test_links_are_left_alone_and_reading_is_bounded(tmp_path) -> None:
    watched = WatchedFolder(tmp_path / "in")
    secret = tmp_path / "secret.jpg"
    secret.write_bytes(b"x")
    put(tmp_path / "in", "big.jpg", b"y" * (MOST_BYTES + 10))
    (tmp_path / "in" / UNIT / "link.jpg").symlink_to(secret)
    list(watched.look())
    (found,) = watched.look()
    assert found.path.name == "big.jpg" and len(watched.read(found)) == MOST_BYTES + 1


def test_a_folder_that_is_not_there_holds_nothing(tmp_path) -> None:
    assert list(WatchedFolder(tmp_path / "none").look()) == []
