"""`backup` and `restore` where the files lie on a server, which fails at any moment."""

import itertools

import pytest
from django.core.files.storage import storages
from django.core.management import CommandError, call_command

from magikswipe.tests.test_backup import state, wipe
from magikswipe.tests.test_doctor import doctor
from storage import bucket
from storage.models import FileRecord
from storage.names import RESTORING
from tests.s3_proxy import REFUSED
from universes.services import assets, revisions

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


@pytest.fixture
def filled(s3_proxy, universe, make_asset, put_file):
    for number in range(3):
        put_file("winter", make_asset(f"Card {number}").image_name, b"picture %d" % number)
    put_file("winter", "fr.mp3", b"song")
    revisions.archive_files("winter", ["fr.mp3"], "test")
    return universe


@pytest.fixture
def changed(filled, put_file, tmp_path):
    """A backup, and what is here later: `(path, state then, state now)`."""
    call_command("backup", tmp_path / "all.tar")
    then = state()
    card = assets.create(filled, display_name="Later")
    put_file("winter", card.image_name, b"later"), put_file("later", "00_x.png", b"later")
    put_file("winter", filled.assets.first().image_name, b"replaced")
    return tmp_path / "all.tar", then, state()


def hidden():
    client = storages["bucket"].client
    return [key for key, _ in client.listing("") if RESTORING in key]


def test_wherever_a_restore_breaks_off_all_is_as_it_was_or_can_be_completed(changed, s3_proxy, capsys):
    """Each call in turn is the last one that gets through."""
    path, then, now = changed
    ends = set()
    for number in itertools.count():
        s3_proxy.fails_after(number, REFUSED)
        try:
            call_command("restore", path, "--force")
            break
        except CommandError as error:
            said = str(error)
        finally:
            s3_proxy.recovers()
        _code, found = doctor(capsys)
        if said.startswith("Nothing was changed. The bucket of BUCKET_URL"):
            assert state() == now and "unfinished-restore" not in found
            ends.add("nothing")
        else:
            assert "not all files" in said and found["unfinished-restore"]["fixable"]
            call_command("doctor", "--json", "--fix")
            assert state() == then and not FileRecord.objects.filter(key__startswith=".").exists()
            ends.add("completed")
            break
    assert ends == {"nothing", "completed"}
    bucket.sweep(older_than=2**40), storages["archive"].sweep(older_than=2**40)
    assert not hidden()


@pytest.mark.servers
def test_a_restore_that_broke_off_is_replaced_by_the_next(changed, s3_proxy):
    path, then, _now = changed
    s3_proxy.fault = lambda method, key: REFUSED if method == "POST" and "delete" in key else None
    with pytest.raises(CommandError, match="A restore has put in the rows and not all files: keep"):
        call_command("restore", path, "--force")
    s3_proxy.recovers()
    # Not even what can't be completed any more keeps another from it.
    storages["bucket"].client.delete([key for key in hidden() if key.endswith("gone.json")])
    call_command("restore", path, "--force")
    assert state() == then
    bucket.sweep(older_than=2**40), storages["archive"].sweep(older_than=2**40)
    assert not hidden()


@pytest.mark.servers
def test_what_changes_while_a_backup_copies_is_copied_as_it_is_in_the_end(
    filled, s3_proxy, put_file, tmp_path
):
    cards = list(filled.assets.all())
    fetched = itertools.count()

    def change(method, key):
        """With the first file that is copied another one changes, and one goes with its card."""
        if method == "GET" and key.endswith(".png") and next(fetched) == 0:
            put_file("winter", cards[0].image_name, b"changed")
            bucket.remove("winter", cards[2].image_name)
        return None

    s3_proxy.fault = change
    call_command("backup", tmp_path / "all.tar")
    s3_proxy.recovers()
    before = state()
    assert before["bucket"][f"winter/{cards[0].image_name}"] == b"changed"
    wipe()
    call_command("restore", tmp_path / "all.tar")
    assert state() == before


def test_a_backup_moves_an_installation_from_a_folder_to_a_server_and_back(
    filled, s3_proxy, settings, empty_storage, tmp_path
):
    on_server = settings.STORAGES
    folder = {"BACKEND": "storage.folder.FolderStorage"}
    on_disk = on_server | {
        name: folder | {"OPTIONS": {"location": empty_storage / name}} for name in ("bucket", "archive")
    }
    before = state()
    call_command("backup", tmp_path / "1.tar")
    settings.STORAGES = on_disk
    call_command("restore", tmp_path / "1.tar", "--force")
    assert state() == before
    # What a deletion was about to put aside there is put aside here.
    (filling := empty_storage / "bucket" / ".filling-abc").mkdir()
    (filling / "00_gone.png").write_bytes(b"gone")
    call_command("backup", tmp_path / "2.tar")
    settings.STORAGES = on_server
    wipe()
    call_command("restore", tmp_path / "2.tar")
    assert state() == before and bucket.trash_labels() == {"abc"}


def test_without_its_server_there_is_no_backup_and_no_restore(filled, s3_proxy, tmp_path):
    call_command("backup", tmp_path / "all.tar")
    s3_proxy.fault = lambda method, key: REFUSED
    for command in (("backup", tmp_path / "other.tar"), ("restore", tmp_path / "all.tar", "--force")):
        with pytest.raises(CommandError, match=r"The bucket of BUCKET_URL can't be reached, or refuses"):
            call_command(*command)
    assert [path.name for path in tmp_path.glob("*.tar*")] == ["all.tar"]
