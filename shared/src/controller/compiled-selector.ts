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

function compile(selector: LabelSelector): Selector {
  try {
    return selectorOf(selector);
  } catch (error) {
    if (error instanceof SelectorError) return nothing;
    throw error;
  }
}
