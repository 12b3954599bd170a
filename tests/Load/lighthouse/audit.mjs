// node audit.mjs URL CHROMIUM FLAGS: Lighthouse's four scores of a page as a phone loads it, and what cost points, as one line of JSON.
import { launch } from "chrome-launcher";
import lighthouse from "lighthouse";

const [url, chromePath, flags] = process.argv.slice(2);
const chrome = await launch({ chromePath, chromeFlags: ["--headless=new", ...flags.split(" ")] });
try {
  const audited = async () => (await lighthouse(url, { port: chrome.port, output: "json", logLevel: "error", onlyCategories: ["performance", "accessibility", "best-practices", "seo"] })).lhr;
  const scored = ({ categories }) => Object.values(categories).every(({ score }) => score !== null);
  // Now and then the browser records no paint of a page, and a run without a score says nothing of it.
  let lhr = await audited();
  if (!scored(lhr)) lhr = await audited();
  if (!scored(lhr)) throw new Error(`Lighthouse gave no score of ${url} twice: ${lhr.runtimeError?.message ?? lhr.runWarnings.join(" ")}`);
  const scores = Object.fromEntries(Object.entries(lhr.categories).map(([name, category]) => [name, category.score]));
  const number = audit => lhr.audits[audit].numericValue;
  const failed = Object.values(lhr.categories).flatMap(category => category.auditRefs
    .filter(({ id, weight }) => weight > 0 && lhr.audits[id].score !== null && lhr.audits[id].score < 1)
    .map(({ id }) => `${category.id}: ${lhr.audits[id].title} (${lhr.audits[id].displayValue ?? lhr.audits[id].score})${lhr.audits[id].details?.items?.filter(({ node }) => node).slice(0, 3).map(({ node }) => ` ${node.snippet}`).join("") ?? ""}`));
  console.log(JSON.stringify({
    version: lhr.lighthouseVersion,
    ...scores,
    firstContentfulPaint: number("first-contentful-paint"),
    largestContentfulPaint: number("largest-contentful-paint"),
    layoutShift: number("cumulative-layout-shift"),
    failed,
  }));
} finally {
  await chrome.kill();
}
