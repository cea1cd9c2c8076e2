/*
 * Access control: create a decision
 * A person in a session of his own; never a web service.
 */
answer = gs.isInteractive();
