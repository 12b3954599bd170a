// Keeps every follower count of BZPEER from its events, from the first one on, with nothing but AMQP.
//
//   node followers.mjs amqp://guest:guest@127.0.0.1:5672 followers.json
//
// The file holds the counts and how far they go, and is where the next start goes on. To compare with the API:
//   jq '.researchers["ID"]' followers.json;  curl -s SITE/api/researchers/ID/follow-counts

import { createHash } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import amqp from 'amqplib';

const address = process.argv[2] ?? process.env.BZPEER_AMQP ?? 'amqp://guest:guest@127.0.0.1:5672';
const file = process.argv[3] ?? 'followers.json';

/** Edges by followee, then follower: the newest event of an edge, by its sequence, says whether it stands. */
const edges = new Map();
/** How many follow a researcher, and the XOR of the SHA-256 of their ids. */
const counts = new Map();
/** Offset in the stream of the last message taken in. */
let offset = -1;
/** Everything that the follow service said up to this sequence is counted. */
let completeTo = 0;
/** What came before its predecessor: sequence by previous. Empty but for moments, or an event is missing. */
const early = new Map();
let changed = false;

function count(followee, follower, by) {
  const sum = counts.get(followee) ?? { followers: 0, digest: Buffer.alloc(32) };
  sum.followers += by;
  const hash = createHash('sha256').update(follower).digest();
  for (let n = 0; n < hash.length; n++) sum.digest[n] ^= hash[n];
  counts.set(followee, sum);
}

/** Repeats and late comers change nothing: an older event of an edge says nothing about it any more. */
function setEdge(followee, follower, sequence, follows) {
  const followers = edges.get(followee) ?? new Map();
  const known = followers.get(follower);
  if (known && known.sequence >= sequence) return;
  followers.set(follower, { sequence, follows });
  edges.set(followee, followers);
  if (follows !== (known?.follows ?? false)) count(followee, follower, follows ? 1 : -1);
}

function forget(researcher) {
  for (const [followee, followers] of edges) {
    if (followee !== researcher && followers.get(researcher)?.follows) count(followee, researcher, -1);
    followers.delete(researcher);
  }
  edges.delete(researcher);
  counts.delete(researcher);
}

function take(message) {
  const { headers } = message.properties;
  const { cloudEvents_source: source, cloudEvents_type: type, cloudEvents_subject: subject } = headers;
  const sequence = Number(headers.cloudEvents_sequence);
  const previous = Number(headers.cloudEvents_previous);

  if (type === 'org.bzpeer.follow.ResearcherFollowed' || type === 'org.bzpeer.follow.ResearcherUnfollowed') {
    const { followeeId, followerId } = JSON.parse(message.content);
    setEdge(followeeId, followerId, sequence, type.endsWith('.ResearcherFollowed'));
  } else if (type === 'org.bzpeer.profile.ResearcherErased') {
    forget(subject);
  }

  // Each event names the one before it, so a gap is seen at once.
  if (source === 'follow' && sequence > completeTo) {
    early.set(previous, sequence);
    while (early.has(completeTo)) {
      const next = early.get(completeTo);
      early.delete(completeTo);
      completeTo = next;
    }
  }
  offset = headers['x-stream-offset'];
  changed = true;
}

/** The counts and where to go on, in one file: the new one or the old one, never half of it. With many millions of edges, use a database and its transactions. */
function save() {
  if (!changed) return;
  changed = false;
  const state = {
    offset,
    completeTo,
    early: [...early],
    researchers: Object.fromEntries([...counts].map(([id, { followers, digest }]) => [id, { followers, digest: digest.toString('hex') }])),
    edges: [...edges].flatMap(([followee, followers]) => [...followers].map(([follower, { sequence, follows }]) => [followee, follower, sequence, follows])),
  };
  writeFileSync(`${file}.new`, JSON.stringify(state));
  renameSync(`${file}.new`, file);
}

function load() {
  if (!existsSync(file)) return;
  const state = JSON.parse(readFileSync(file, 'utf8'));
  ({ offset, completeTo } = state);
  for (const [previous, sequence] of state.early) early.set(previous, sequence);
  for (const edge of state.edges) setEdge(...edge);
}

/** Reads until the connection ends. */
async function read() {
  const connection = await amqp.connect(address);
  const ended = new Promise(resolve => connection.on('close', resolve));
  connection.on('error', error => console.error(error.message));
  const close = () => connection.close().catch(() => {});
  try {
    const channel = await connection.createChannel();
    channel.on('error', close);
    await channel.prefetch(1000);
    await channel.consume('bzpeer.history', message => {
      // Null: the broker ended the reading.
      if (message === null) return close();
      take(message);
      channel.ack(message);
    }, { arguments: { 'x-stream-offset': offset < 0 ? 'first' : offset + 1 } });
    console.log(offset < 0 ? 'Reading from the first event on.' : `Reading on after offset ${offset}.`);
    await ended;
  } finally {
    await close();
  }
}

load();
setInterval(save, 500);
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    save();
    process.exit(0);
  });
}

for (;;) {
  await read().catch(error => console.error(error.message));
  console.error('The connection ended; trying again in a second.');
  await new Promise(resolve => setTimeout(resolve, 1000));
}
