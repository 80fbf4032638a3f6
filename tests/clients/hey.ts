// With the client that @hey-api/openapi-ts generates.
import assert from 'node:assert/strict';
import { createClient, createConfig } from './hey/client/index.js';
import * as api from './hey/index.js';
import { BASE, READ_TOKEN, TOKEN, done, ended, file, refused, told } from './journey.js';

const client = createClient(createConfig({ baseUrl: BASE, auth: (scheme) => (scheme.scheme === 'bearer' ? TOKEN : undefined) }));
const reader = createClient(createConfig({ baseUrl: BASE, auth: (scheme) => (scheme.scheme === 'bearer' ? READ_TOKEN : undefined) }));
const stranger = createClient(createConfig({ baseUrl: BASE }));
const slug = 'hey';
const path = { slug };

async function job(started: api.JobStarted | api.GapsEstimate): Promise<void> {
    assert.ok('id' in started);
    const job_id = started.id;
    await ended(async () => done(await api.jobsRetrieve({ client, path: { job_id } })));
}

assert.equal(done(await api.universesCreate({ client, body: { name: "L'hiver", slug } })).slug, slug);
const song = { language: 'fr', prompt: 'Happy children song, piano', lyrics: '[verse]\nLa neige' } as const;
assert.equal(done(await api.universesMusicPromptsCreate({ client, path, body: song })).language, 'fr');
const concepts = done(await api.generateConcepts({ client, path, body: { theme: 'hiver', count: 2 } }));
assert.equal(concepts.translations.de.length, 2);
assert.equal(done(await api.generateConceptsApply({ client, path, body: concepts })).asset_count, 2);
const estimate = done(await api.generateGaps({ client, path, body: { dry_run: true } }));
assert.ok(estimate.type === 'estimate' && estimate.kinds.length);
await job(done(await api.generateImages({ client, path })));
await job(done(await api.generateVideos({ client, path, body: {} })));
await job(done(await api.generateMusic({ client, path, body: { language: 'fr' } })));
const report = done(await api.syncPush({ client, path, body: {} }));
assert.ok(report.type === 'report' && report.success);

const card = done(await api.universesAssetsList({ client, path }))[0]!;
const of = { slug, asset_id: card.id };
assert.ok(done(await api.universesAssetsImageUpload({ client, path: of, body: file('picture.png') })).image_url);
assert.ok(done(await api.universesAssetsVideoUpload({ client, path: of, body: file('clip.mp4') })).video_url);
assert.ok(done(await api.universesMusicUpload({ client, path: { slug, language: 'fr' }, body: file('song.mp3') })).music_url);
assert.ok(done(await api.universesThumbnailUpload({ client, path, body: file('picture.png') })).thumbnail_url);
const archive = done(await api.universesExport({ client, path, parseAs: 'blob' }));
const again = done(await api.universesImportLoad({ client, body: archive, query: { slug: `${slug}-again` } }));
assert.equal(again.assets.length, 2);

refused(await api.universesCreate({ client, body: { name: 'x', slug } }), 400);
refused(await api.universesCreate({ client: stranger, body: { name: 'x' } }), 401);
refused(await api.universesCreate({ client: reader, body: { name: 'x' } }), 403);
refused(await api.universesRetrieve({ client, path: { slug: 'nothing' } }), 404);
refused(await api.syncUnpublish({ client, path, body: {} }), 409);
refused(await api.universesThumbnailUpload({ client, path, body: new Blob([new Uint8Array(2 * 2 ** 20)]) }), 413);
refused(await api.universesCreate({ client, body: { name: 'x' }, headers: { 'Content-Type': 'text/plain' } }), 415);
const colour = await api.universesPartialUpdate({ client, path, body: { background_color: 'red' } });
assert.match(refused(colour, 422), /background_color/);
const text = { text: 'La neige', source: 'fr', target: 'en' } as const;
await told('500');
refused(await api.generateTranslateText({ client, body: text }), 502);
await told('drop');
refused(await api.generateTranslateText({ client, body: text }), 503);
await told('');
for (let calls = 1; calls <= 100; calls++) {
    const answer = await api.universesPartialUpdate({ client, path, body: {} });
    if (answer.error) {
        refused(answer, 429);
        break;
    }
    assert.notEqual(calls, 100);
}
