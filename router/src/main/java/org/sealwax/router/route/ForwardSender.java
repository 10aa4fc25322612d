package org.sealwax.router.route;

import java.io.IOException;
import java.net.InetAddress;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.ReversePath;

/**
 * The reverse-path of a message that is forwarded. It may stand for a sender that has to be stored,
 * so that a bounce finds its way back: {@link #store} it before the path is in any envelope that
 * outlives the session.
 */
public interface ForwardSender {
  /** The reverse-path to forward with. */
  ReversePath path();

  /**
   * Whether it could be stored now; stores nothing, so that a client that names recipients and
   * sends no message leaves no token.
   *
   * @param client by whose limit; null: a client that is trusted, or none
   * @throws NoRoomForSender when a limit is reached
   * @throws IOException when the store cannot be read
   */
  void checkRoom(@Nullable InetAddress client) throws IOException;

  /**
   * Stores it; on stable storage on return.
   *
   * @param client by whose limit; null: a client that is trusted, or none
   * @throws NoRoomForSender when a limit is reached
   * @throws IOException when it was not stored
   */
  void store(@Nullable InetAddress client) throws IOException;

  /** A path that needs no store. */
  static ForwardSender of(ReversePath path) {
    return new ForwardSender() {
      @Override
      public ReversePath path() {
        return path;
      }

      @Override
      public void checkRoom(@Nullable InetAddress client) {}

      @Override
      public void store(@Nullable InetAddress client) {}
    };
  }

  /** The stored senders of a day, or those of one client, have reached their limit. */
  final class NoRoomForSender extends IOException {
    private static final long serialVersionUID = 1;

    /**
     * With the limit that is reached.
     *
     * @param message for the log; the client does not learn which limit it is
     */
    public NoRoomForSender(String message) {
      super(message);
    }
  }
}
