package org.sealwax.router.wiring;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.channels.SocketChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.sealwax.mail.net.FailureText;
import org.sealwax.router.config.RouterSettings;
import org.sealwax.router.receive.ListenerRow;

/**
 * A check of what this machine gives the router when this user starts it: the state folder and the
 * addresses to listen at. Writes nothing; a port is bound for a moment, and nothing listens there.
 * All findings are warnings, because the service may run as another user.
 */
public final class MachineCheck {
  private MachineCheck() {}

  /**
   * All findings.
   *
   * @param running whether the router runs already, so that its ports are in use
   */
  public static List<ConfiguredFilesCheck.FileProblem> of(
      RouterSettings settings, boolean running) {
    List<ConfiguredFilesCheck.FileProblem> out = new ArrayList<>();
    state(settings.server().state()).ifPresent(why -> out.add(problem("[server] state", why)));
    if (!running) {
      for (ListenerRow row : settings.listeners()) {
        bind(row.address()).ifPresent(why -> out.add(problem("[[listener]] address", why)));
      }
      settings
          .metrics()
          .address()
          .flatMap(MachineCheck::bind)
          .ifPresent(why -> out.add(problem("[metrics] address", why)));
      settings
          .tlsReportsIn()
          .flatMap(in -> in.listener())
          .flatMap(listener -> bind(listener.address()))
          .ifPresent(why -> out.add(problem("[tlsrpt_in] listen", why)));
      settings
          .policyAddress()
          .flatMap(MachineCheck::bind)
          .ifPresent(why -> out.add(problem("[https] listen", why)));
    }
    return List.copyOf(out);
  }

  private static ConfiguredFilesCheck.FileProblem problem(String setting, String why) {
    return new ConfiguredFilesCheck.FileProblem(false, setting, why);
  }

  /** Why the state folder cannot be written, or made, if so. */
  private static Optional<String> state(Path state) {
    Path there = state.toAbsolutePath();
    while (there.getParent() != null && !Files.exists(there)) {
      there = there.getParent();
    }
    if (!Files.isDirectory(there)) {
      return Optional.of(there + ": is not a folder");
    }
    return Files.isWritable(there) && Files.isExecutable(there)
        ? Optional.empty()
        : Optional.of(
            FailureText.of(new AccessDeniedException(there.toString()))
                + ", and the router writes there; run check as the user of the router");
  }

  /** Why nothing can listen at an address, if so. */
  private static Optional<String> bind(InetSocketAddress address) {
    try (SocketChannel channel = SocketChannel.open()) {
      // As a listener does: connections that a former process has closed do not count.
      channel.setOption(StandardSocketOptions.SO_REUSEADDR, true);
      channel.bind(address);
      return Optional.empty();
    } catch (IOException e) {
      StartFailure failure = StartFailure.toListen(address, e);
      return Optional.of(failure.getMessage() + "; " + failure.help());
    }
  }
}
