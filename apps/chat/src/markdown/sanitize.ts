/** The wall between what a model wrote and the page: elements and attributes that are listed here, and no others. */
import DOMPurify from 'dompurify';
import { followable } from './html.ts';

const tags = [
  ...['p', 'h3', 'h4', 'h5', 'h6', 'blockquote', 'ul', 'ol', 'li', 'hr', 'br', 'pre', 'code', 'a', 'span', 'div'],
  ...['table', 'thead', 'tbody', 'tr', 'th', 'td', 'strong', 'em', 'del'],
  ...['sub', 'sup', 'kbd', 'mark', 'u', 's', 'ins', 'b', 'i'],
];

const attributes = [
  ...['href', 'title', 'class', 'dir', 'start', 'scope', 'role', 'tabindex', 'aria-label'],
  ...['data-language', 'data-tex'],
];

const purifier = DOMPurify();

purifier.addHook('afterSanitizeAttributes', (element) => {
  if (element.tagName !== 'A') return;
  const address = followable(element.getAttribute('href') ?? '');
  if (address === undefined) return element.removeAttribute('href');
  element.setAttribute('target', '_blank');
  element.setAttribute('rel', 'noopener noreferrer nofollow');
});

/** @returns what may be put into the page */
export const sanitized = (html: string): DocumentFragment =>
  purifier.sanitize(html, {
    ALLOWED_TAGS: tags,
    ALLOWED_ATTR: attributes,
    ALLOW_DATA_ATTR: false,
    ALLOW_ARIA_ATTR: false,
    RETURN_DOM_FRAGMENT: true,
  });

/** Formulas: MathML, and nothing that leads elsewhere. */
export function sanitizeMath(element: Element): void {
  const mathPurifier = DOMPurify();
  mathPurifier.sanitize(element, {
    USE_PROFILES: { mathMl: true, html: true },
    FORBID_TAGS: ['a', 'img', 'style', 'form', 'input', 'button'],
    FORBID_ATTR: ['href', 'src', 'id', 'name'],
    IN_PLACE: true,
  });
}
