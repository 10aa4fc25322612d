package org.sealwax.router.dmarc;

import java.util.Optional;
import org.sealwax.mail.smtp.Reply;
import org.sealwax.router.log.SenderCheckFields;

/**
 * What the checks of a message came to.
 *
 * @param field the Authentication-Results field with its line end
 * @param log the same for the log
 * @param unproven the author, where a DMARC policy may apply that the message does not fulfil;
 *     empty when it passes, or when no policy applies
 * @param refusal the reply that refuses the message; empty when it is accepted
 */
public record AuthenticationOutcome(
    String field,
    SenderCheckFields log,
    Optional<UnprovenAuthor> unproven,
    Optional<Reply> refusal) {}
