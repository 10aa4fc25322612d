package org.sealwax.mail.address;

/**
 * What may stand right of the {@code @}: a domain or an address literal (RFC 5321 4.1.2, 4.1.3).
 */
public sealed interface MailHost permits Domain, AddressLiteral {}
