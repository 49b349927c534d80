type Child = Node | string;

/** An element with attributes and children. Texts become text nodes, never markup. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Readonly<Record<string, string | number | boolean>> = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(name, '');
    else if (value !== false) element.setAttribute(name, String(value));
  }
  element.append(...children);
  return element;
}

/** A name of somebody else's: its direction of writing stays its own. */
export function name(text: string): HTMLElement {
  return h('bdi', {}, text);
}

/** A part of the page with its heading. */
export function section(id: string, title: string, ...children: readonly Child[]): HTMLElement {
  const heading = h('h2', { id: `${id}-heading`, tabindex: -1 }, title);
  return h('section', { id, 'aria-labelledby': `${id}-heading` }, heading, ...children);
}

let labels = 0;

/** A control with its label before it. */
export function labelled(text: string, control: HTMLElement): HTMLElement {
  control.id = `field-${++labels}`;
  return h('div', { class: 'field' }, h('label', { for: control.id }, text), control);
}

export function button(text: string, action: () => void, attributes: Record<string, string> = {}): HTMLButtonElement {
  const element = h('button', { type: 'button', ...attributes }, text);
  element.addEventListener('click', action);
  return element;
}

/** A choice among texts; the first value stands for all. */
export function choice(
  options: readonly (readonly [value: string, words: string])[],
  action: () => void,
): HTMLSelectElement {
  const element = h('select', {}, ...options.map(([value, words]) => h('option', { value }, words)));
  element.addEventListener('change', action);
  return element;
}
