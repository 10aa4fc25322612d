package org.sealwax.mail.http;

/** What a handler answers: a whole response, or a stream of events. */
public sealed interface HttpReply permits HttpResponse, HttpEvents {}
