package org.sealwax.router.config;

import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.tls.verdict.Pin;

/**
 * One {@code [[trusted_client]]}: a pin, or a CA with names.
 *
 * @param pin or null
 * @param ca PEM file, or null
 * @param names of which the certificate by that CA carries one
 */
public record TrustedClientRow(@Nullable Pin pin, @Nullable Path ca, List<Domain> names) {
  /** Copies. */
  public TrustedClientRow {
    names = List.copyOf(names);
  }
}
