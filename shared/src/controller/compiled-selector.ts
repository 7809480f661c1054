// Selectors of cached objects are asked again and again: each LabelSelector is compiled once.
import type { LabelSelector } from "../api/types/meta-v1.ts";
import { nothing, type Selector, SelectorError, selectorOf } from "../machinery/selector.ts";

const compiled = new WeakMap<LabelSelector, Selector>();

/** An absent selector, and one that validation would refuse, selects nothing. */
export function compiledSelector(selector: LabelSelector | undefined): Selector {
  if (selector === undefined) return nothing;
  let result = compiled.get(selector);
  if (result === undefined) {
    result = compile(selector);
    compiled.set(selector, result);
  }
  return result;
}

const byMap = new WeakMap<Record<string, string>, LabelSelector>();

/** For the kinds whose selector is only a map of labels; an absent or empty one selects nothing. */
export function compiledMapSelector(labels: Record<string, string> | undefined): Selector {
  if (labels === undefined || Object.keys(labels).length === 0) return nothing;
  let selector = byMap.get(labels);
  if (selector === undefined) {
    selector = { matchLabels: labels };
    byMap.set(labels, selector);
  }
  return compiledSelector(selector);
}

function compile(selector: LabelSelector): Selector {
  try {
    return selectorOf(selector);
  } catch (error) {
    if (error instanceof SelectorError) return nothing;
    throw error;
  }
}
