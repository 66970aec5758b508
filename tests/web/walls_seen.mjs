// walls_seen.mjs BASE TRANSPORT: the client in node, over the real network, signed in as ann. Prints the ids of the
// walls that it shows, a line for each change, until it is ended.
import { Pollster } from '../../web/pollster.js';

let shown = null;
const chat = new Pollster({ base: process.argv[2], auth: 'bearer', transport: process.argv[3] }, {
  onState: ({ state }) => { if (state === 'online') show(); },
  onWalls: () => { if (shown !== null) show(); },
});
function show() {
  const walls = [...chat.walls.keys()].join(' ');
  if (walls === shown) return;
  console.log(`walls: ${walls}.`);
  shown = walls;
}
await chat.signIn('ann', 'ann secret');
