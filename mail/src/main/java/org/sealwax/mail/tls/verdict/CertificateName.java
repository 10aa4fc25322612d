package org.sealwax.mail.tls.verdict;

/**
 * A name in a certificate, or with a wildcard as its first label.
 *
 * @param text in lower case, as identities are looked up by it
 */
public record CertificateName(String text) {}
