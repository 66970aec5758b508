-- An index is kept by whoever writes, with his rights: one who may write posts and has no right on this schema could not write any more.
-- What the function reads is its arguments.
alter function pollster.terms(bigint, text) security definer;
