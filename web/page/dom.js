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

// Words in place of a row that cannot be built: one bad row is one bad row, whatever is bad about it.
export function unshown(element, error) {
  console.error('a post cannot be shown', error);
  element.className = 'post deleted';
  element.replaceChildren(make('div', { class: 'bubble' }, 'This post cannot be shown.'));
  return element;
}

// Makes `parent` hold exactly these elements. What stays in its order is not touched, and keeps its focus and
// selection: those that leave go first, and one that is in the way of the next goes aside itself.
export function arrange(parent, elements) {
  const kept = new Set(elements);
  for (const child of [...parent.childNodes]) if (!kept.has(child)) child.remove();
  let at = parent.firstChild;
  for (const element of elements) {
    if (at && element !== at && element === at.nextSibling) {
      const aside = at;
      at = element;
      aside.remove();
    }
    if (element === at) at = at.nextSibling;
    else parent.insertBefore(element, at);
  }
}
