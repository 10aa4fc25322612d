package org.sealwax.mail.spf;

import java.net.InetAddress;

/**
 * What an SPF check is about (RFC 7208 4.1).
 *
 * @param client address of the client; an IPv4-mapped address is an IPv4 address
 * @param sender whose permission is checked
 * @param hello the EHLO or HELO name as the client gave it
 */
public record SpfRequest(InetAddress client, SpfSender sender, String hello) {}
