"""Front ends as static pages on another port: of the API, and of Supabase where the app reads what is published."""

import http.server
import os
import threading
from functools import partial

import pytest

from tests.browser.test_preview import picture
from tests.stack import ROOT, kill_tree

pytestmark = pytest.mark.slow

SUPABASE_JS = ROOT / "tests/clients/node_modules/@supabase/supabase-js/dist/umd/supabase.js"

# The studio of the former backend: it lists, creates, generates, polls and publishes.
STUDIO = """async (api) => {
    const json = async (path, body, method = 'POST') => {
        const headers = body === undefined ? {} : { 'Content-Type': 'application/json' };
        const answer = await fetch(api + path, { method, headers, body: body && JSON.stringify(body) });
        if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
        return answer.json();
    };
    const before = (await json('/api/universes?limit=10', undefined, 'GET')).total;
    await json('/api/universes', { name: 'Winter', slug: 'winter' });
    const concepts = await json('/api/generate/winter/concepts', { theme: 'winter', count: 2 });
    await json('/api/generate/winter/concepts/apply', concepts);
    let job = await json('/api/generate/winter/images', undefined);
    while (['pending', 'running'].includes(job.status)) {
        await new Promise((resolve) => setTimeout(resolve, 100));
        job = await json('/api/jobs/' + job.id, undefined, 'GET');
    }
    const universe = await json('/api/universes/winter', undefined, 'GET');
    const picture = await fetch(api + universe.assets[0].image_url);
    const published = await json('/api/sync/push/winter', undefined);
    return [before, job.status, picture.headers.get('Content-Type'), published.success];
}"""

# The children's app, with supabase-js.
APP = """async ([address, key]) => {
    const client = supabase.createClient(address, key, { auth: { persistSession: false } });
    const { data, error } = await client
        .from('univers')
        .select('slug, univers_prompts(default_image_prompt), cards:univers_assets!inner(image_name, sort_order, '
            + 'names:univers_assets_translations(display_name)), all:univers_assets(count)')
        .eq('slug', 'winter')
        .eq('cards.names.language', 'de')
        .gt('cards.sort_order', 1)
        .order('sort_order', { referencedTable: 'cards', ascending: false })
        .limit(1, { referencedTable: 'cards' })
        .single();
    if (error) throw new Error(JSON.stringify(error));
    const { data: { publicUrl } } = client.storage.from('univers').getPublicUrl(`winter/${data.cards[0].image_name}`);
    const picture = await fetch(publicUrl);
    const saved = await fetch(publicUrl + '?download');
    return [data, picture.headers.get('Content-Type'), saved.status];
}"""


@pytest.fixture
def pages(tmp_path):
    """A server of static pages on a port of its own; yields its origin."""
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "index.html").write_text("<!DOCTYPE html><title>A front end</title>")
    serve = partial(http.server.SimpleHTTPRequestHandler, directory=tmp_path / "pages")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), serve) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.fixture
def page(chromium, pages):
    context = chromium.new_context()
    opened = context.new_page()
    opened.goto(pages)
    yield opened
    context.close()


def test_a_page_of_another_port_does_all_that_the_former_studio_does(page, pages, stack, sandbox):
    """With the settings of compose.yaml, which names port 8081 where this test has a free one."""
    sandbox.settings(latency={"llm": 0, "image": 0, "video": 0, "music": 0}, llm_style="clean")
    stack.env |= {"DEBUG": "false", "API_OPEN": "true", "CORS_OPEN_ORIGINS": pages}
    kill_tree(stack.processes[0])
    stack.start_web()
    stack.start_worker()
    done = page.evaluate(STUDIO, f"http://127.0.0.1:{stack.port}")
    assert done == [0, "completed", "image/png", True]


def test_supabase_js_reads_a_published_universe_with_filters_on_what_is_embedded(page, stack, sandbox):
    if not SUPABASE_JS.exists():
        assert not os.environ.get("CI"), "make test-all installs supabase-js"
        pytest.skip("make test-all installs supabase-js")
    names = ("Snow", "Sledge", "Penguin")
    stack.api.post("/api/universes", json={"name": "Winter", "slug": "winter"}).raise_for_status()
    for name in names:
        card = {"display_name": name, "translations": {"de": name.upper(), "fr": name.lower()}}
        made = stack.api.post("/api/universes/winter/assets", json=card).raise_for_status().json()
    address, picture_type = f"/api/universes/winter/assets/{made['id']}/image", {"Content-Type": "image/png"}
    stack.api.put(address, content=picture(), headers=picture_type).raise_for_status()
    stack.api.post("/api/sync/push/winter").raise_for_status()
    page.add_script_tag(path=SUPABASE_JS)
    universe, _, _ = read = page.evaluate(APP, [sandbox.url, sandbox.key])
    assert universe == {
        "slug": "winter",
        "univers_prompts": None,
        "cards": [{"image_name": "02_penguin.png", "sort_order": 3, "names": [{"display_name": "PENGUIN"}]}],
        "all": [{"count": 3}],
    }
    assert read[1:] == ["image/png", 200]
