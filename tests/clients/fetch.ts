// With the types that openapi-typescript generates, and openapi-fetch.
import assert from 'node:assert/strict';
import createClient from 'openapi-fetch';
import { BASE, READ_TOKEN, TOKEN, done, ended, file, refused, told } from './journey.js';
import type { components, paths } from './schema.js';

const logged = (token: string) => ({ baseUrl: BASE, headers: { Authorization: `Bearer ${token}` } });
const client = createClient<paths>(logged(TOKEN));
const reader = createClient<paths>(logged(READ_TOKEN));
const stranger = createClient<paths>({ baseUrl: BASE });
const slug = 'fetch';
const params = { path: { slug } };
// A file is typed as a text there, and sent as it is.
const asFile = (content: Blob) => ({ body: content as unknown as string, bodySerializer: (body: string) => body, headers: { 'Content-Type': 'application/octet-stream' } });

async function job(started: components['schemas']['JobStarted'] | components['schemas']['GapsEstimate']): Promise<void> {
    assert.ok('id' in started);
    const job_id = started.id;
    await ended(async () => done(await client.GET('/api/jobs/{job_id}', { params: { path: { job_id } } })));
}

assert.equal(done(await client.POST('/api/universes', { body: { name: "L'hiver", slug } })).slug, slug);
const song = { language: 'fr', prompt: 'Happy children song, piano', lyrics: '[verse]\nLa neige' } as const;
assert.equal(done(await client.POST('/api/universes/{slug}/music-prompts', { params, body: song })).language, 'fr');
const concepts = done(await client.POST('/api/generate/{slug}/concepts', { params, body: { theme: 'hiver', count: 2 } }));
assert.equal(concepts.translations.de.length, 2);
assert.equal(done(await client.POST('/api/generate/{slug}/concepts/apply', { params, body: concepts })).asset_count, 2);
const estimate = done(await client.POST('/api/generate/{slug}/gaps', { params, body: { dry_run: true } }));
assert.ok(estimate.type === 'estimate' && estimate.kinds.length);
await job(done(await client.POST('/api/generate/{slug}/images', { params })));
await job(done(await client.POST('/api/generate/{slug}/videos', { params, body: {} })));
await job(done(await client.POST('/api/generate/{slug}/music', { params, body: { language: 'fr' } })));
const report = done(await client.POST('/api/sync/push/{slug}', { params, body: {} }));
assert.ok(report.type === 'report' && report.success);

const card = done(await client.GET('/api/universes/{slug}/assets', { params }))[0]!;
const of = { path: { slug, asset_id: card.id } };
const sung = { path: { slug, language: 'fr' } } as const;
assert.ok(done(await client.PUT('/api/universes/{slug}/assets/{asset_id}/image', { params: of, ...asFile(file('picture.png')) })).image_url);
assert.ok(done(await client.PUT('/api/universes/{slug}/assets/{asset_id}/video', { params: of, ...asFile(file('clip.mp4')) })).video_url);
assert.ok(done(await client.PUT('/api/universes/{slug}/music/{language}', { params: sung, ...asFile(file('song.mp3')) })).music_url);
assert.ok(done(await client.PUT('/api/universes/{slug}/thumbnail', { params, ...asFile(file('picture.png')) })).thumbnail_url);
const archive: Blob = done(await client.GET('/api/universes/{slug}/export', { params, parseAs: 'blob' }));
const elsewhere = { query: { slug: `${slug}-again` } };
assert.equal(done(await client.POST('/api/universes/import', { params: elsewhere, ...asFile(archive) })).assets.length, 2);

refused(await client.POST('/api/universes', { body: { name: 'x', slug } }), 400);
refused(await stranger.POST('/api/universes', { body: { name: 'x' } }), 401);
refused(await reader.POST('/api/universes', { body: { name: 'x' } }), 403);
refused(await client.GET('/api/universes/{slug}', { params: { path: { slug: 'nothing' } } }), 404);
refused(await client.POST('/api/sync/unpublish/{slug}', { params, body: {} }), 409);
const huge = asFile(new Blob([new Uint8Array(2 * 2 ** 20)]));
refused(await client.PUT('/api/universes/{slug}/thumbnail', { params, ...huge }), 413);
refused(await client.POST('/api/universes', { body: { name: 'x' }, headers: { 'Content-Type': 'text/plain' } }), 415);
const colour = await client.PATCH('/api/universes/{slug}', { params, body: { background_color: 'red' } });
assert.match(refused(colour, 422), /background_color/);
const text = { text: 'La neige', source: 'fr', target: 'en' } as const;
await told('500');
refused(await client.POST('/api/generate/translate-text', { body: text }), 502);
await told('drop');
refused(await client.POST('/api/generate/translate-text', { body: text }), 503);
await told('');
for (let calls = 1; calls <= 100; calls++) {
    const answer = await client.PATCH('/api/universes/{slug}', { params, body: {} });
    if (answer.error) {
        refused(answer, 429);
        break;
    }
    assert.notEqual(calls, 100);
}
