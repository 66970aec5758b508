// Changing one's own posts: the editor that takes the place of a post's text, and the question before
// a post is deleted. At most one of each; the post stays as it is until the server has answered.

import { byId, make } from './dom.js';
import { beginning } from '../pollster/fold.js';
import { composing, sends } from '../pollster/keys.js';

export class Editing {
  #actions;
  #edit = null;    // {post, form, text, status, save, stop}: the editor that is open
  #delete = null;  // {post, stop}: the post that is asked about

  // actions: begun(post) -> the text of an earlier try, or ''; keep(post, text): for a later one, '' for none;
  // {edit(post, body, signal), remove(post, signal)} -> promise; shown(): another editor is open;
  // ended(post, words): back to the posts, `words` for people who cannot see what happened
  constructor(actions) {
    this.#actions = actions;
    byId('delete-yes').addEventListener('click', () => this.#remove());
    byId('delete-no').addEventListener('click', () => byId('delete').close());
    byId('delete').addEventListener('close', () => this.#asked());
  }

  // The post being edited, and the element to show in place of its text.
  get postId() { return this.#edit?.post.post_id ?? null; }
  get element() { return this.#edit?.form; }

  // Another wall, another user: nothing stays open and nothing more is sent.
  close() {
    this.#edit?.stop?.abort();
    this.#edit = null;
    if (byId('delete').open) byId('delete').close();
  }

  open(post) {
    this.close();
    const text = make('textarea', { rows: 1, dir: 'auto', 'aria-label': 'Text of the post',
                                    oninput: () => this.#typed(), onkeydown: (event) => this.#key(event) });
    text.value = this.#actions.begun(post) || post.body;
    const status = make('span', { class: 'editor-status', role: 'status' });
    const save = make('button', { class: 'link' }, 'Save');
    const cancel = make('button', { class: 'link', type: 'button', onclick: () => this.#end('') }, 'Cancel');
    const form = make('form', { class: 'editor', onsubmit: (event) => this.#submit(event) },
      text, make('p', { class: 'editor-foot' }, status, save, ' ', cancel));
    this.#edit = { post, form, text, status, save, stop: null };
    this.#actions.shown();
    this.#typed();
    text.focus();
    form.scrollIntoView({ block: 'nearest' });
    text.setSelectionRange(text.value.length, text.value.length);
  }

  ask(post) {
    this.close();
    this.#delete = { post, stop: null };
    byId('delete-text').textContent = beginning(post.body);
    byId('delete-status').textContent = '';
    byId('delete-yes').disabled = false;
    byId('delete').showModal();
    byId('delete-no').focus();  // the harmless answer
  }

  #key(event) {
    if (event.key === 'Escape' && !composing(event)) this.#end('');
    if (sends(event)) this.#submit(event);
  }

  #typed() {
    const { post, text, save } = this.#edit;
    this.#actions.keep(post, text.value === post.body ? '' : text.value);
    save.disabled = text.value.trim() === '';
    text.style.height = 'auto';
    text.style.height = `${text.scrollHeight + text.offsetHeight - text.clientHeight}px`;  // and its borders
  }

  async #submit(event) {
    event.preventDefault();
    const edit = this.#edit;
    const body = edit.text.value.trim();
    if (body === '' || edit.stop) return;
    if (body === edit.post.body) return this.#end('');
    edit.stop = new AbortController();
    edit.text.readOnly = edit.save.disabled = true;
    edit.status.textContent = 'Saving…';
    try {
      await this.#actions.edit(edit.post, body, edit.stop.signal);
      if (this.#edit === edit) this.#end('The post was changed.');
    } catch (error) {
      if (this.#edit !== edit) return;
      edit.stop = null;
      edit.text.readOnly = edit.save.disabled = false;
      edit.status.textContent = `Not saved: ${error.message}`;
      edit.text.focus();
    }
  }

  #end(words) {
    const { post } = this.#edit;
    this.#actions.keep(post, '');
    this.close();
    this.#actions.ended(post, words);
  }

  async #remove() {
    const asked = this.#delete;
    asked.stop = new AbortController();
    byId('delete-yes').disabled = true;
    byId('delete-status').textContent = 'Deleting…';
    try {
      await this.#actions.remove(asked.post, asked.stop.signal);
      if (this.#delete !== asked) return;
      byId('delete').close();
      this.#actions.ended(asked.post, 'The post was deleted.');
    } catch (error) {
      if (this.#delete !== asked) return;
      byId('delete-yes').disabled = false;
      byId('delete-status').textContent = `Not deleted: ${error.message}`;
    }
  }

  // The dialog was closed, possibly with Escape.
  #asked() {
    this.#delete?.stop?.abort();
    this.#delete = null;
  }
}
