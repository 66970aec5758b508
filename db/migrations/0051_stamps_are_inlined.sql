-- extract() of a time with a zone is stable, and a function that promises more than its body keeps is never inlined:
-- PostgreSQL planned this one anew in each statement that called it, among them what is asked after each post.
alter function pollster.stamp(timestamptz) stable;
