package org.sealwax.mail.http;

/** What a handler answers: a whole response, one that is read while it is sent, or events. */
public sealed interface HttpReply permits HttpResponse, StreamedResponse, HttpEvents {}
