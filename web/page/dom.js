// Elements without markup: data becomes text nodes, never HTML.

export const byId = (id) => document.getElementById(id);

// make('li', { class: 'post', title: '…' }, child, 'text'); null attributes and children are left out.
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

// A row of the posts, or words in its place: one bad row is one bad row, whatever is bad about it.
export function intact(build) {
  try {
    return build();
  } catch (error) {
    console.error('a post cannot be shown', error);
    return make('li', { class: 'post deleted' }, make('div', { class: 'bubble' }, 'This post cannot be shown.'));
  }
}

// Makes `parent` hold exactly these elements, moving as little as possible: what stays keeps its
// focus and selection.
export function arrange(parent, elements) {
  let at = parent.firstChild;
  for (const element of elements) {
    if (element === at) at = at.nextSibling;
    else parent.insertBefore(element, at);
  }
  while (at) {
    const next = at.nextSibling;
    at.remove();
    at = next;
  }
}
