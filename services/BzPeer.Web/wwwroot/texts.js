// The texts of scripts in the language of the page. In the source they stand in English, which is their key; ScriptTexts.de.resx has
// them in German, and a page in German brings them along.
const texts = JSON.parse(document.getElementById("texts")?.textContent ?? "{}");
const language = document.documentElement.lang;

export const inWords = number => number.toLocaleString(language);

/** A text, its {0}, {1} and so on filled in; numbers as the language writes them. */
export const text = (english, ...values) => filled(texts[english] ?? english, values);

/** The form of a text that a number asks for: plural("{0} work|{0} works", works). */
export function plural(forms, number) {
  const each = (texts[forms] ?? forms).split("|");
  const { pluralCategories } = rules.resolvedOptions();
  return filled(each[pluralCategories.indexOf(rules.select(number))] ?? each.at(-1), [number]);
}

const rules = new Intl.PluralRules(language);

const filled = (words, values) => words.replace(/\{(\d)\}/g, (_, n) => typeof values[n] === "number" ? inWords(values[n]) : values[n]);
