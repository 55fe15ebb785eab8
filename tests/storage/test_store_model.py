"""The store behaves as a dictionary whose entries appear and vanish whole, whatever breaks off."""

import tempfile
from contextlib import suppress
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
)

from storage.warehouse import Warehouse

NAMES = st.sampled_from(["a", "b", "part-00000.parquet", "é ü", "100%", "x" * 60])
FOLDERS = st.sampled_from(["embeddings/e=1/c=2", "profiles/p", "quarantine", "reports"])
CONTENTS = st.binary(max_size=40)
MARKER = "marker.json"


class BrokenOffError(Exception):
    """What ends a commit from within."""


class Store(RuleBasedStateMachine):
    """Files and folders are committed, removed and broken off; a model says what is there."""

    places = Bundle("places")

    @initialize()
    def begin(self) -> None:
        self.disk = tempfile.TemporaryDirectory()
        self.model: dict[str, bytes] = {}

    def teardown(self) -> None:
        self.disk.cleanup()

    @property
    def warehouse(self) -> Warehouse:
        """Return the warehouse as another process sees it: nothing is remembered."""
        return Warehouse.at(self.disk.name)

    @rule(target=places, folder=FOLDERS, name=NAMES, content=CONTENTS)
    def commit_a_file(self, folder: str, name: str, content: bytes) -> Any:
        place = f"{folder}/{name}.file"
        with self.warehouse.commit_file(place) as scratch:
            scratch.write_bytes(content)
        self.model[place] = content
        return place

    @rule(folder=FOLDERS, name=NAMES, content=CONTENTS)
    def break_a_file_off(self, folder: str, name: str, content: bytes) -> None:
        commit = self.warehouse.commit_file(f"{folder}/{name}.file")
        with suppress(BrokenOffError), commit as scratch:
            scratch.write_bytes(content)
            raise BrokenOffError

    @rule(target=places, folder=FOLDERS, name=NAMES, content=CONTENTS, broken=st.booleans())
    def commit_a_folder(self, folder: str, name: str, content: bytes, broken: bool) -> Any:
        top = f"{folder}/{name}.folder"
        try:
            with self.warehouse.commit_folder(top, MARKER) as scratch:
                (scratch / "inside").write_bytes(content)
                (scratch / MARKER).write_bytes(b"{}")
                if broken:
                    raise BrokenOffError
        except BrokenOffError:
            return multiple()
        except FileExistsError:
            assert f"{top}/{MARKER}" in self.model, "only what is there can be there already"
            return multiple()
        assert f"{top}/{MARKER}" not in self.model, "a folder is never replaced"
        self.model |= {f"{top}/inside": content, f"{top}/{MARKER}": b"{}"}
        return f"{top}/inside"

    @rule(place=places)
    def remove_a_file(self, place: str) -> None:
        if place.endswith(".file"):
            self.warehouse.remove(place)
            self.model.pop(place, None)

    @rule(place=places)
    def remove_a_folder(self, place: str) -> None:
        top = place.rpartition("/")[0]
        if top.endswith(".folder"):
            self.warehouse.remove_folder(top, MARKER)
            self.model = {at: data for at, data in self.model.items() if not at.startswith(top)}

    @rule()
    def look_whether_it_is_writable(self) -> None:
        self.warehouse.check_writable()

    @invariant()
    def the_store_holds_what_the_model_holds(self) -> None:
        warehouse = self.warehouse
        assert warehouse.files_below("") == sorted(self.model)
        for place, content in self.model.items():
            assert warehouse.exists(place)
            assert warehouse.read_bytes(place) == content


TestStore = Store.TestCase
TestStore.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
