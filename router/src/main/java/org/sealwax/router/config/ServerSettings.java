package org.sealwax.router.config;

import java.nio.file.Path;
import java.util.Optional;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.Mailbox;

/**
 * {@code [server]}.
 *
 * @param hostname our name
 * @param state the state folder
 * @param postmaster when given
 */
public record ServerSettings(Domain hostname, Path state, Optional<Mailbox> postmaster) {}
