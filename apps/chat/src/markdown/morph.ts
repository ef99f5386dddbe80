/** Makes an element like another one by the fewest changes, so that what a reader has selected or scrolled stays. */
export function morph(old: Element, wanted: Element): void {
  for (const { name } of [...old.attributes]) if (!wanted.hasAttribute(name)) old.removeAttribute(name);
  for (const { name, value } of wanted.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  const [before, after] = [[...old.childNodes], [...wanted.childNodes]];
  for (const [i, node] of after.entries()) {
    const there = before[i];
    if (!there) old.append(node);
    else if (there.isEqualNode(node)) continue;
    else if (there instanceof Text && node instanceof Text) there.data = node.data;
    else if (isAlike(there, node)) morph(there as Element, node as Element);
    else there.replaceWith(node);
  }
  for (const node of before.slice(after.length)) node.remove();
}

/** Formulas are drawn anew: they are built by their styles, too. */
const isAlike = (a: Node, b: Node): boolean =>
  a instanceof HTMLElement && b instanceof HTMLElement && a.tagName === b.tagName;
