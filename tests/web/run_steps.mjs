// The steps of a script that drives a browser, one after the other: those whose names match, all of them also if one
// fails, which makes the script fail at its end.

import { startDriver } from './webdriver.mjs';

// steps: name -> what run(driver, step) takes. pattern: of a regular expression.
export async function runSteps(steps, pattern, run) {
  const chosen = Object.entries(steps).filter(([name]) => new RegExp(pattern).test(name));
  if (chosen.length === 0) throw new Error(`no step matches ${pattern}`);
  const driver = await startDriver();
  for (const [name, step] of chosen) {
    try {
      await run(driver, step);
      console.log(`ok - ${name}`);
    } catch (error) {
      console.error(`not ok - ${name}\n`, error);
      process.exitCode = 1;
    }
  }
  driver.stop();
}
