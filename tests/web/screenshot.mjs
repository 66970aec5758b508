// The README's screenshot: a conversation on the faked server, so that only its times of day differ
// from one to the next. Take it in the middle of a day, with the font Inter installed.
// `node screenshot.mjs FILE [--dark]` writes it alone.

import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { FakeChat } from './fake_chat.mjs';
import { startFakeServer } from './fake_server.mjs';
import { KEYS, openBrowser, startDriver } from './webdriver.mjs';

function conversation() {
  const chat = new FakeChat();
  for (const name of ['Ann Keller', 'Bob Marsh', 'Eve Okafor', 'Jun Sato']) chat.addUser(name, 'secret');
  const [ann, bob, eve, jun] = ['Ann Keller', 'Bob Marsh', 'Eve Okafor', 'Jun Sato'];
  const everybody = [ann, bob, eve, jun];
  ['Shop floor', 'Orders', 'Deliveries', 'Returns', 'Announcements'].forEach((name, n) => chat.addWall(n + 1, name, everybody));
  for (let n = 0; n < 3; n++) chat.add(2, bob, `Order 48${n}1 is packed.`, { minutesAgo: 30 - n });
  chat.add(5, jun, 'Stocktaking is on Friday.', { minutesAgo: 300 });
  const say = (name, body, minutesAgo) => chat.add(3, name, body, { minutesAgo });
  say(bob, 'Morning all. The carrier moved our pick-up to 9:30.', 34);
  say(ann, 'Thanks, Bob. The pallets will be ready by nine.', 32);
  say(ann, 'Do we need the lift truck?', 32);
  say(bob, 'Yes please, two of them are over 400 kg.\nPapers: https://shop.example/deliveries/4711', 30);
  say(jun, 'Gate 2 is free again, so use that one. The ramp at gate 1 is still being painted.', 12);
  say(ann, 'Perfect, gate 2 it is.', 11);
  chat.markRead(3, ann, 6);
  say(bob, 'The driver just called: he is ten minutes away.', 3);
  say(eve, 'On my way with the truck.', 2);
  return chat;
}

export async function takeScreenshot(driver, file, scheme = 'light') {
  const server = await startFakeServer(conversation());
  const browser = await openBrowser(driver);
  try {
    await browser.devtools('Emulation.setDeviceMetricsOverride', { width: 1280, height: 800, deviceScaleFactor: 1, mobile: false });
    await browser.devtools('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value: scheme }] });
    await browser.go(`${server.url}#wall-3`);
    await browser.until('the sign-in form', "return !document.getElementById('sign-in').hidden");
    await browser.type('#name', 'Ann Keller');
    await browser.type('#password', `secret${KEYS.enter}`);
    await browser.until('the conversation', "return document.querySelectorAll('#posts .post').length === 8 && document.getElementById('state').dataset.state === 'online'");
    await browser.run("document.getElementById('messages').dispatchEvent(new Event('scroll')); document.activeElement.blur()");
    await writeFile(file, Buffer.from(await browser.screenshot(), 'base64'));
  } finally {
    await browser.close();
    await server.close();
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const driver = await startDriver();
  try {
    await takeScreenshot(driver, process.argv[2], process.argv.includes('--dark') ? 'dark' : 'light');
  } finally {
    driver.stop();
  }
}
