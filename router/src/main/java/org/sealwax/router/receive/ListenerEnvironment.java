package org.sealwax.router.receive;

import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.net.Clock;
import org.sealwax.router.log.MailLog;
import org.sealwax.router.queue.Intake;

/**
 * The collaborators that all listeners share.
 *
 * @param configuration the configuration in force
 * @param intake where mail goes
 * @param limits what one client may take, over all listeners
 * @param sessions what all sessions together may take
 * @param auth bounds checks of passwords
 * @param names of clients are looked up here, or null for none
 * @param log facts
 * @param clock time
 */
public record ListenerEnvironment(
    Supplier<ReceiveConfiguration> configuration,
    Intake intake,
    ClientLimits limits,
    SessionLimit sessions,
    AuthGuard auth,
    @Nullable ClientNames names,
    MailLog log,
    Clock clock) {}
