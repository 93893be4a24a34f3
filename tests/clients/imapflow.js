// imapflow.js - a session of the npm package imapflow: for imapflow.bats
// SPDX-License-Identifier: ISC
//
// usage: node imapflow.js PORT DELIMITER	(NODE_PATH tells where imapflow is)
'use strict';

const assert = require('assert');
const { ImapFlow } = require('imapflow');

const [port, delimiter] = process.argv.slice(2);
const LIMIT = 20000;	// milliseconds that an event may take
const letter = number => Buffer.from('From: a@example.org\r\n' +
    `Subject: message ${number}\r\n\r\nbody ${number}\r\n`);

function client(options) {
	return new ImapFlow({
		host: '127.0.0.1', port: Number(port), secure: false, logger: false,
		auth: { user: 'alice', pass: 'wonderland' },
		tls: { rejectUnauthorized: false }, ...options
	});
}

function event(emitter, name, wanted) {
	return new Promise((resolve, reject) => {
		const timer = setTimeout(() => reject(new Error(
		    `no ${name} came`)), LIMIT);
		emitter.on(name, data => {
			if (wanted && !wanted(data))
				return;
			clearTimeout(timer);
			resolve(data);
		});
	});
}

async function mailboxes(one) {
	const name = ['Flow', 'below'].join(delimiter);
	const made = await one.mailboxCreate(['Flow', 'below']);
	assert.strictEqual(made.path, name);
	const list = await one.list({ statusQuery: { messages: true, uidNext: true } });
	const entry = list.find(box => box.path === name);
	assert.strictEqual(entry.delimiter, delimiter);
	assert.strictEqual(entry.status.messages, 0);
	assert(list.find(box => box.specialUse === '\\Sent'));
	await one.mailboxSubscribe(name);
	assert((await one.list()).find(box => box.path === name).subscribed);
	const status = await one.status('INBOX', { messages: true, unseen: true,
	    highestModseq: true });
	assert(status.messages > 10);
	return name;
}

async function messages(one, name) {
	for (let i = 1; i <= 3; i++) {
		const stored = await one.append(name, letter(i), ['\\Flagged'],
		    new Date('2020-01-0' + i));
		assert.strictEqual(stored.uid, i);
	}
	await one.mailboxOpen(name);
	const seen = [];
	for await (const message of one.fetch('1:*', { uid: true, flags: true,
	    envelope: true, bodyStructure: true, internalDate: true, size: true,
	    source: true, headers: ['subject'], threadId: true }))
		seen.push(message);
	assert.strictEqual(seen.length, 3);
	assert.strictEqual(seen[1].envelope.subject, 'message 2');
	assert(seen[1].source.equals(letter(2)));
	assert(seen[1].flags.has('\\Flagged'));
	assert.deepStrictEqual(await one.search({ subject: 'message 3' },
	    { uid: true }), [3]);
	assert(await one.messageFlagsAdd('1', ['\\Seen', '$Work']));
	assert.deepStrictEqual(await one.search({ keyword: '$Work' }), [1]);
	const part = await one.download('2', '1');
	let text = '';
	for await (const chunk of part.content)
		text += chunk;
	assert.strictEqual(text, 'body 2\r\n');
	const copied = await one.messageCopy('1:2', 'Archive');
	assert.strictEqual(copied.uidMap.size, 2);
	const moved = await one.messageMove('2', 'Archive');
	assert.strictEqual(moved.uidMap.size, 1);
	assert(await one.messageDelete('1'));
	// It does not count down by VANISHED.
	assert.deepStrictEqual(await one.search({ all: true }, { uid: true }), [3]);
}

async function news(one, other, name) {
	const idle = one.idle();
	const exists = event(one, 'exists', data => data.count === 2);
	await other.append(name, letter(4));
	await exists;
	await other.mailboxOpen(name);
	const flags = event(one, 'flags');
	await other.messageFlagsAdd({ uid: '4' }, ['\\Answered']);
	assert((await flags).flags.has('\\Answered'));
	const expunge = event(one, 'expunge');
	await other.messageDelete({ uid: '4' });
	await expunge;
	await one.noop();
	await idle;
	assert.deepStrictEqual(await one.search({ all: true }, { uid: true }), [3]);
}

async function main() {
	const one = client({ qresync: true });
	const other = client({ disableCompression: true });
	await one.connect();
	await other.connect();
	assert(one.capabilities.has('COMPRESS=DEFLATE'));
	assert(one.enabled.has('QRESYNC'), 'QRESYNC is not on');
	const name = await mailboxes(one);
	await messages(one, name);
	await news(one, other, name);
	await other.mailboxClose();
	await one.mailboxClose();
	await one.mailboxRename(name, 'Renamed');
	await one.mailboxDelete('Renamed');
	await one.logout();
	await other.logout();
}

main().catch(error => {
	console.error(error);
	process.exit(1);
});
