// transport.mjs BASE: the client in node, over the real network. Signs in as ann twice: one says something on wall 1,
// and the other prints how it heard of it, "stream" or "poll".
import { Pollster } from '../../web/pollster.js';

const of = (handlers) => new Pollster({ base: process.argv[2], auth: 'bearer' }, handlers);
const speaker = of({});
let spoken = false;
const listener = of({
  onState: async ({ state }) => {
    if (state !== 'online' || spoken) return;
    spoken = true;
    await speaker.signIn('ann', 'ann secret');
    await speaker.post(1, 'hello');
  },
  onPosts: (wall, posts) => {
    if (!posts.some(({ body }) => body === 'hello')) return;
    console.log(listener.transport);
    process.exit(0);
  },
});
await listener.signIn('ann', 'ann secret');
