"""Whoever reads Supabase while it is synced, as the app does: what is public, with cards and pictures."""

import threading

import httpx

# Such requests no sync ever makes: what goes wrong for a sync alone is matched without them.
NOT_A_READER = r"^(?!.*(list-v2|select=slug))"

# So that the sync that is watched gets its turn too.
PAUSE = 0.01


class Reader(threading.Thread):
    """Looks at the public universe `winter` again and again, as long as the block lasts.

    `numbers`: of the cards that it saw each time; `without_picture`: names of those that had none.
    """

    def __init__(self, sandbox):
        super().__init__(daemon=True)
        self.numbers, self.without_picture = [], set()
        self.stop, self.broken = threading.Event(), None
        headers = {"apikey": sandbox.key, "Authorization": f"Bearer {sandbox.key}"}
        self.http = httpx.Client(base_url=sandbox.url, headers=headers, timeout=60, trust_env=False)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *exception):
        self.stop.set()
        self.join()
        self.http.close()
        assert self.broken is None, self.broken

    def run(self):
        try:
            while not self.stop.wait(PAUSE):
                self.look()
        except (httpx.HTTPError, ValueError) as error:
            self.broken = error

    def look(self):
        """One look, by the reader's own thread or by whoever wants to know how it stands right now."""
        before = self._cards()
        pictures = self._files()
        # Those that go while it looks may be without one.
        stayed = before & self._cards()
        if before:
            self.numbers.append(len(before))
        self.without_picture |= {name for _, name in stayed} - pictures

    def _cards(self):
        """`{(id of the universe, file name of the card)}`: one that is taken out and pushed anew has other cards."""
        query = {"select": "slug,id,univers_assets(image_name)", "slug": "eq.winter", "is_public": "is.true"}
        found = self._answer("GET", "/rest/v1/univers", params=query)
        if not found:
            return set()
        # A universe that is public and empty is what nobody may see.
        self.numbers += [] if found[0]["univers_assets"] else [0]
        return {(found[0]["id"], card["image_name"]) for card in found[0]["univers_assets"]}

    def _files(self):
        body = {"prefix": "winter/", "limit": 1000}
        found = self._answer("POST", "/storage/v1/object/list-v2/univers", json=body)
        return {entry["key"].removeprefix("winter/") for entry in found["objects"]}

    def _answer(self, *request, **content):
        return self.http.request(*request, **content).raise_for_status().json()
