package org.sealwax.config;

import java.nio.file.Path;
import java.util.Optional;
import org.sealwax.address.Domain;
import org.sealwax.address.Mailbox;

/**
 * {@code [server]}.
 *
 * @param hostname when given
 * @param state when given
 * @param postmaster when given
 */
public record Server(
    Optional<Domain> hostname, Optional<Path> state, Optional<Mailbox> postmaster) {}
