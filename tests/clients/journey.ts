// What both generated TypeScript clients do: the README's eight steps, uploads, an archive and errors.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

type Environment = { BASE: string; TOKEN: string; READ_TOKEN: string; FILES: string; SANDBOX: string };

export const { BASE, TOKEN, READ_TOKEN, FILES, SANDBOX } = process.env as unknown as Environment;

export const file = (name: string): Blob => new Blob([readFileSync(`${FILES}/${name}`)]);

type Answer<T> = { data?: T; error?: unknown; response?: Response };

/** The data of an answer that must have succeeded. */
export function done<T>(answer: Answer<T>): NonNullable<T> {
    assert.ok(answer.data, JSON.stringify([answer.response?.status, answer.error]));
    return answer.data as NonNullable<T>;
}

/** The sentence of an answer that must have been refused with this status. */
export function refused(answer: Answer<unknown>, status: number): string {
    assert.equal(answer.response?.status, status, JSON.stringify(answer.error));
    const detail = (answer.error as { detail: string }).detail;
    assert.ok(detail);
    return detail;
}

export async function told(action: string): Promise<void> {
    const request_faults = action ? [{ match: 'POST /v1/predictions', action }] : [];
    const body = JSON.stringify({ request_faults });
    const answer = await fetch(`${SANDBOX}/_sandbox/settings`, { method: 'PATCH', body });
    assert.ok(answer.ok);
}

export async function ended(look: () => Promise<{ status: string; error: string | null }>): Promise<void> {
    for (let tries = 0; tries < 600; tries++) {
        const job = await look();
        if (job.status !== 'pending' && job.status !== 'running') {
            assert.equal(job.status, 'completed', String(job.error));
            return;
        }
        await new Promise((resolve) => setTimeout(resolve, 200));
    }
    assert.fail('the job did not end');
}
