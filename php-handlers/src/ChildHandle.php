<?php
namespace Wsbridge;

/** The handles in $handles, by which handlers know the processes that they have started. */
final class ChildHandle
{
    /** Adds the handle of a child, with these fields besides those that come from the child itself. */
    public static function add(Child $child, array $fields)
    {
        global $handles;
        $handle = ['process' => $child->process, 'prog' => $fields['prog'], 'cmdline' => $fields['cmdline'], 'args' => $fields['args'],
            'pid' => $child->pid, 'pipe_stdin' => $child->stdin, 'pipe_stdout' => $child->outputs[1]->stream,
            'pipe_stderr' => $child->outputs[2]->stream];
        if (isset($fields['client_key'])) {
            Rows::$followed[$fields['client_key']] = true;
        }
        $handles = self::all();
        $handles[] = $handle + $fields; // not copied field by field: connection is a reference
    }

    /** Returns $handles, whatever handlers have made of it. */
    public static function all()
    {
        global $handles;
        return is_array($handles) ? $handles : [];
    }

    /** Returns where the handle of a child is in $handles, or null. */
    public static function find(Child $child)
    {
        foreach (self::all() as $at => $handle) {
            if (isset($handle['pid']) && $handle['pid'] === $child->pid) {
                return $at;
            }
        }
        return null;
    }

    /** Makes the connection of a handle the row of its client. It stays what it was when the client left. */
    public static function bind(&$handle)
    {
        global $connections;
        if (isset($handle['client_key'], $connections[$handle['client_key']])) {
            $handle['connection'] = &Rows::row($handle['client_key']);
        }
    }

    /** Ends bind() for all handles: PHP would not notice that an event has changed a row to which there are references. */
    public static function unbind()
    {
        global $handles;
        $clients = [];
        foreach (self::all() as $at => $handle) {
            if (isset($handle['client_key'])) {
                $clients[$handle['client_key']] = true;
                $row = isset($handle['connection']) ? $handle['connection'] : null;
                $handles[$at]['connection'] = &$row;
                unset($row);
            }
        }
        Rows::$followed = array_intersect_key(Rows::$followed, $clients);
    }

    /** Keeps the row of a client that leaves in the handles that have it. */
    public static function keepRow($client, $row)
    {
        global $handles;
        foreach (self::all() as $at => $handle) {
            if (isset($handle['client_key']) && $handle['client_key'] == $client) {
                $handles[$at]['connection'] = $row;
                Children::$touched = true;
            }
        }
    }

    /** Removes the handle of a child that has ended. */
    public static function remove(Child $child)
    {
        global $handles;
        unset($handles[self::find($child)]);
        $handles = array_values(self::all());
    }

    /** Returns the serialize() texts of the fields that the next worker needs, by name. */
    public static function texts(array $handle)
    {
        global $connections;
        $fields = array_diff_key($handle, array_flip(['process', 'pid', 'pipe_stdin', 'pipe_stdout', 'pipe_stderr']));
        if (isset($fields['client_key'], $connections[$fields['client_key']])) {
            unset($fields['connection']); // the next worker has the row
        }
        $texts = [];
        foreach ($fields as $name => $value) {
            try {
                Value::encode($value);
                $texts[$name] = serialize($value);
            } catch (\Exception $why) { // only this process can keep it
            } catch (\Throwable $why) {
            }
        }
        return $texts;
    }

    /** Returns the fields of such texts, without those that the application's classes refuse. */
    public static function fields(array $texts)
    {
        $fields = [];
        foreach ($texts as $name => $text) {
            try {
                $fields[$name] = Value::unserialize($text);
            } catch (\Exception $why) {
            } catch (\Throwable $why) {
            }
        }
        return $fields;
    }
}
