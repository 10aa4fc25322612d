package org.sealwax.router.dmarc;

import java.net.InetAddress;
import java.time.Instant;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.ReversePath;

/**
 * What is known about a message before its content.
 *
 * @param client address of the client
 * @param sender of MAIL FROM
 * @param hello the EHLO name
 * @param host our name
 * @param at when it came
 */
public record IncomingMail(
    InetAddress client, ReversePath sender, String hello, Domain host, Instant at) {}
